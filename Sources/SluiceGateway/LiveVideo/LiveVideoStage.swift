package import Logging
import SluiceMedia
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
        /// Whether a second worker is fed all the time.
        package var standby = LiveVideoCast.Standby.none
        package var between = LiveVideoBetween.hold
        package var sound = LiveVideoSound.any
        /// RTMP URLs that every result is pushed to; `{stream}` in them is the name of the result.
        package var push: [String] = []
        /// A job that nobody publishes to for so long is over: a worker waits for it.
        package var unusedTime: Duration = .seconds(60)
        /// Before the next is tried where all were.
        package var pause: Duration = .seconds(1)

        package init() {}
    }

    /// The reference's, so that its players find it.
    private static let suffix = "-out"

    let settings: Settings
    let transport: any LiveVideoTransport
    let route: RouteStage
    let jobs = StreamJobTable()
    let used: @Sendable (LiveVideoUse) -> Void
    private let outlets: LiveVideoOutlets
    let logger: Logger

    /// - Parameter used: told what streams had of models, for the books; it must not wait.
    package init(
        settings: Settings, transport: any LiveVideoTransport, route: RouteStage, outlets: LiveVideoOutlets = .init(),
        used: @escaping @Sendable (LiveVideoUse) -> Void = { _ in }, logger: Logger
    ) {
        self.used = used
        self.settings = settings
        self.outlets = outlets
        self.transport = transport
        self.route = route
        self.logger = logger
    }

    /// - Returns: `nil` when nothing is asked for.
    func wanted(by request: PublishRequest, _ grant: LiveVideoGrant? = nil) throws(PublishRefusal) -> LiveVideoStream? {
        // What has been worked on is not worked on again.
        guard request.origin != .liveVideo, !request.stream.rawValue.hasSuffix(Self.suffix) else { return nil }
        if let job = jobs[request.stream] {
            guard job.request.order.job?.takesVideo == true else {
                throw .unusable("the stream '\(request.stream)' was begun without enable_video_ingress: it takes no video")
            }
            return job
        }
        let asked: LiveVideoOrder?
        do { asked = try LiveVideoOrder(query: request.query) } catch { throw .unusable("live video: \(error)") }
        guard var order = LiveVideoOrder.combined(asked ?? settings.order, grant) else { return nil }
        order.outputs += settings.push
        return try made(order, for: request.stream)
    }

    /// - Throws: when it has outputs that cannot be, or a name that leaves no room for that of the result.
    func made(_ order: LiveVideoOrder, for source: StreamID) throws(PublishRefusal) -> LiveVideoStream {
        do { try outlets.check(order.outputs, of: source) } catch { throw .unusable("live video: \(error)") }
        guard !source.rawValue.hasSuffix(Self.suffix) else {
            throw .unusable("live video: names that end in '\(Self.suffix)' are those of results")
        }
        guard let output = StreamID(source.rawValue + Self.suffix) else {
            throw .unusable("live video: the stream's name is too long for a stream \(source)\(Self.suffix)")
        }
        let name = String(UInt32.random(in: .min ... .max), radix: 16)
        let padded = String(repeating: "0", count: 8 - name.count) + name
        return LiveVideoStream(source: source, output: output, request: LiveVideoRequest(order: order, request: padded))
    }

    /// The stream of what is made of it. Whoever ends that does not end the source.
    func openResult(of stream: LiveVideoStream, key: String?, in table: StreamTable) throws(PublishRefusal) -> LiveStream {
        let request = PublishRequest(stream: stream.output, key: key, origin: .liveVideo, remoteAddress: "live video")
        return try table.open(request, profiles: []) { _ in stream.stop() }
    }

    /// Until the publisher has gone.
    func carry(_ live: LiveStream, in table: StreamTable) async {
        // Jobs are carried on their own: they are there before their publisher.
        guard let stream = live.liveVideo, !stream.isJob else { return }
        let made: LiveStream
        do { made = try openResult(of: stream, key: live.key, in: table) } catch {
            stream.note { $0.fail("the stream \(stream.output) cannot be opened: \(error)") }
            return logger.warning("live video", metadata: ["stream": "\(stream.source)", "error": "\(error)"])
        }
        await carry(stream, as: made, of: live, in: table)
    }

    /// - Parameters:
    ///   - made: the result; `nil` where the worker makes no video.
    ///   - live: the publisher; `nil` for a job.
    func carry(_ stream: LiveVideoStream, as made: LiveStream?, of live: LiveStream?, in table: StreamTable) async {
        let open = made == nil ? nil : outlets.open(stream)
        let (events, tell) = AsyncStream.makeStream(of: LiveVideoCast.Event.self)
        let output: LiveVideoOutput
        do throws(MediaError) {
            output = try LiveVideoOutput(
                settings: .init(between: settings.between, sound: settings.sound), listener: listener(stream, tell),
                sinks: {
                    let result = made.map { [SegmentStage(live: $0, table: table).makeSink()] } ?? []
                    return result + (open?.pushes.map { $0.makeSink() } ?? [])
                })
        } catch {
            stream.note { $0.fail("\(error)") }
            made?.pipeline.finish()
            await open?.abandon()
            return logger.error("live video", metadata: ["stream": "\(stream.source)", "error": "\(error)"])
        }
        await withDiscardingTaskGroup { group in
            if let open { group.addTask { await open.run(made?.feeds ?? LiveVideoFeeds(), noting: stream) } }
            await LiveVideoWork(stage: self, live: live, stream: stream, output: output, events: events, tell: tell).run()
            await output.finish(isLost: live?.isLost ?? false)
            await open?.drain()
            group.cancelAll()
        }
        route.close(stream.output)
        stream.note { $0.phase = .ended }
    }

    private func listener(
        _ stream: LiveVideoStream, _ tell: AsyncStream<LiveVideoCast.Event>.Continuation
    ) -> LiveVideoOutput.Listener {
        LiveVideoOutput.Listener(
            tookOver: { line, gap in
                stream.note { status in
                    status.phase = .online
                    guard let gap else { return }
                    status.swaps += 1
                    status.swapGapMs = gap.inMilliseconds
                }
                self.log(stream, "on air", ["line": "\(line)", "afterMs": "\(gap.map { Int($0.inMilliseconds) } ?? 0)"])
                tell.yield(.tookOver(line))
            },
            shows: { showing, sound in
                stream.note { status in
                    status.showing = showing
                    status.sound = sound
                    if showing != .worker, status.phase == .online { status.phase = .searching }
                }
            },
            warn: { self.log(stream, $0) })
    }

    func log(_ stream: LiveVideoStream, _ text: String, _ more: Logger.Metadata = [:]) {
        logger.info("live video", metadata: more.merging(["stream": "\(stream.source)", "event": "\(text)"]) { $1 })
    }
}
