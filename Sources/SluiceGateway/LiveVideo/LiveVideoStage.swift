package import Logging
import SluiceRouting
package import SluiceTypes
import SluiceWire

/// Has models work on streams while they are live: chooses an orchestrator as for a segment, feeds it the source as it is cut, makes a
/// stream of what comes back, and goes elsewhere when nothing does.
package final class LiveVideoStage: Sendable {
    package struct Settings: Sendable {
        /// What a stream is made into whose publisher asks for nothing; `nil`: nothing.
        package var order: LiveVideoOrder?
        /// A worker that shows nothing for so long, though it did before, has stalled.
        package var stallTime: Duration = .milliseconds(1500)
        /// Models take their time to load.
        package var firstPictureTime: Duration = .seconds(20)
        /// Before the next is tried where all were.
        package var pause: Duration = .seconds(1)

        package init() {}
    }

    /// The reference's, so that its players find it.
    private static let suffix = "-out"

    let settings: Settings
    let transport: any LiveVideoTransport
    let route: RouteStage
    let used: @Sendable (LiveVideoUse) -> Void
    let logger: Logger

    /// - Parameter used: told what streams had of models, for the books; it must not wait.
    package init(
        settings: Settings, transport: any LiveVideoTransport, route: RouteStage,
        used: @escaping @Sendable (LiveVideoUse) -> Void = { _ in }, logger: Logger
    ) {
        self.used = used
        self.settings = settings
        self.transport = transport
        self.route = route
        self.logger = logger
    }

    /// - Returns: `nil` when nothing is asked for.
    func wanted(by request: PublishRequest) throws(PublishRefusal) -> LiveVideoStream? {
        // What has been worked on is not worked on again.
        // Pushed segments come whole: their pictures would be late by a segment.
        guard request.origin == .rtmp, !request.stream.rawValue.hasSuffix(Self.suffix) else { return nil }
        let order: LiveVideoOrder?
        do {
            let query = request.url.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
            order = try LiveVideoOrder(query: query) ?? settings.order
        } catch { throw .unusable("live video: \(error)") }
        guard let order else { return nil }
        guard let output = StreamID(request.stream.rawValue + Self.suffix) else {
            throw .unusable("live video: the stream's name is too long for a stream \(request.stream)\(Self.suffix)")
        }
        let name = String(UInt32.random(in: .min ... .max), radix: 16)
        let padded = String(repeating: "0", count: 8 - name.count) + name
        return LiveVideoStream(source: request.stream, output: output, request: LiveVideoRequest(order: order, request: padded))
    }

    /// Until the publisher has gone.
    func carry(_ live: LiveStream, in table: StreamTable) async {
        guard let stream = live.liveVideo else { return }
        let request = PublishRequest(stream: stream.output, key: live.key, origin: .liveVideo, remoteAddress: "live video")
        let made: LiveStream
        do {
            // Whoever ends what is made of it does not end the source.
            made = try table.open(request, profiles: []) { _ in stream.stop() }
        } catch {
            stream.note { $0.fail("the stream \(stream.output) cannot be opened: \(error)") }
            return logger.warning("live video", metadata: ["stream": "\(stream.source)", "error": "\(error)"])
        }
        let output = LiveVideoOutput(SegmentStage(live: made, table: table))
        await LiveVideoWork(stage: self, live: live, stream: stream, output: output).run()
        await output.finish(isLost: live.isLost)
        route.close(stream.output)
        stream.note { $0.phase = .ended }
    }

    func log(_ stream: LiveVideoStream, _ text: String, _ more: Logger.Metadata = [:]) {
        logger.info("live video", metadata: more.merging(["stream": "\(stream.source)", "event": "\(text)"]) { $1 })
    }
}
