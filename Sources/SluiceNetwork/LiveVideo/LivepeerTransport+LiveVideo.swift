import Foundation
import HTTPTypes
import NIOCore
import SluiceProto
package import SluiceTypes
import SluiceWire

/// Live video from the gateway's side (specs/live-ai-protocol §4 to §6).
extension LivepeerTransport: LiveVideoTransport {
    /// For the answer to a start call; the reference's (§13).
    private static let startTime: Duration = .seconds(5)
    /// For the words of farewell: the orchestrator finds out by itself when they are not heard.
    private static let farewellTime: Duration = .seconds(2)
    private static let longestAnswer = 64 << 10

    package func session(
        _ request: LiveVideoRequest, at orchestrator: OrchestratorID, _ body: @Sendable (LiveVideoChannels) async throws -> Void
    ) async throws {
        guard let known = known(orchestrator) else {
            throw SegmentFailure(.unreachable, "\(orchestrator) is not in the list")
        }
        if request.order.job != nil { return try await streamSession(request, known, body) }
        // A token for this session alone: one of a stream that is transcoded there counts its segments.
        guard let stream = StreamID("live-\(request.request)") else {
            throw SegmentFailure(.cancelled, "'\(request.request)' is no request's name")
        }
        let (manifest, urls) = try await start(request, stream, known)
        do {
            try await lend(LiveVideoLegs(manifest: manifest, urls: urls), body)
        } catch {
            await known.end(stream)
            throw Self.failure(error, at: orchestrator)
        }
        await known.end(stream)
    }

    static func failure(_ error: any Error, at orchestrator: OrchestratorID) -> any Error {
        guard let failure = error as? TrickleFailure else { return error }
        if case .unreachable = failure { return SegmentFailure(.unreachable, "\(orchestrator): \(failure)") }
        return SegmentFailure(.transcodeFailed, "\(orchestrator): \(failure)")
    }

    private func start(
        _ request: LiveVideoRequest, _ stream: StreamID, _ known: KnownOrchestrator
    ) async throws -> (manifest: String, LiveVideoURLs) {
        let session = try await opened(stream, known)
        defer { known.finish(session) }
        let body = try ByteBuffer(string: LiveVideoForms.start(request))
        var credentials = Net_SegData()
        credentials.manifestID = Data(session.token.sessionID.utf8)
        credentials.profiles = Data("invalid".utf8)
        credentials.hash = Data(Keccak256.hash(body))
        credentials.capabilities = LiveVideoCapability.job(model: request.order.model)
        credentials.authToken = session.token
        let address = try OrchestratorAddress(session.transcoder)
        let head = HTTPRequest(
            method: .post, scheme: address.authority.isSecure ? "https" : "http", authority: address.authority.name,
            path: "/live-video-to-video",
            headerFields: [
                .contentType: "application/json", .contentLength: "\(body.readableBytes)", .authorization: "Livepeer-AI-Worker-1.0",
                .livepeerPayment: "", .livepeerSegment: try SegmentCredentials.encode(credentials), .requestID: request.request,
                .legacyStreamID: request.order.streamID,
            ])
        let connection = known.connection
        let (status, bytes) = try await within(Self.startTime, of: "the start of live video at \(known.id)") {
            try await connection.exchange(head, body: body) { answer, body in
                (answer.status, try await body.collect(upTo: Self.longestAnswer))
            }
        }
        let text = String(buffer: bytes)
        guard status == .ok else {
            let line = text.split(separator: "\n").first ?? ""
            // Full, in the reference's words, is no fault.
            throw SegmentFailure(status == .serviceUnavailable ? .busy : .refused, "\(known.id) answered \(status.code): \(line)")
        }
        let root = session.transcoder.hasSuffix("/") ? String(session.transcoder.dropLast()) : session.transcoder
        do {
            let urls = try LiveVideoURLs(answer: bytes.readableBytesView, from: root)
            return (try JSONTree(parsing: bytes.readableBytesView)["manifest_id"]?.string ?? "", urls)
        } catch {
            throw SegmentFailure(.protocolViolation, "\(known.id): \(error)")
        }
    }

    private func opened(_ stream: StreamID, _ known: KnownOrchestrator) async throws -> KnownOrchestrator.Session {
        do { return try await known.begin(stream) } catch let failure as SegmentFailure { throw failure } catch {
            throw SegmentFailure(.unreachable, "\(known.id): \(error)")
        }
    }

    /// - Parameter calls: how the worker is told what does not go by a channel.
    func lend(
        _ legs: LiveVideoLegs, calls: (any StreamCalls)? = nil, _ body: @Sendable (LiveVideoChannels) async throws -> Void
    ) async throws {
        try await writing(legs.input) { input in
            try await writing(legs.control, as: "application/json") { control in
                guard let control else { throw SegmentFailure(.protocolViolation, "a session without a control channel") }
                try await reading(legs.output) { output in
                    try await reading(legs.events) { events in
                        try await reading(legs.data) { data in
                            let channels = LiveVideoChannels(
                                manifest: legs.manifest, input: input, output: output, control: control, events: events, data: data,
                                calls: calls)
                            do { try await body(channels) } catch {
                                await Self.farewell(calls, [input, control])
                                throw error
                            }
                            await Self.farewell(calls, [input, control])
                        }
                    }
                }
            }
        }
    }

    /// - Parameter url: without one there is no channel.
    private func writing(
        _ url: String, as type: String? = nil, _ body: @Sendable (TrickleHTTPPublisher?) async throws -> Void
    ) async throws {
        guard !url.isEmpty else { return try await body(nil) }
        var settings = TrickleHTTPPublisher.Settings()
        if let type { settings.contentType = type }
        try await TrickleHTTPPublisher.writing(try TrickleURL(url), settings: settings, group: group) { try await body($0) }
    }

    private func reading(_ url: String, _ body: @Sendable (TrickleHTTPSubscriber?) async throws -> Void) async throws {
        guard !url.isEmpty else { return try await body(nil) }
        var settings = TrickleHTTPSubscriber.Settings()
        settings.start = .number(0)
        try await TrickleHTTPSubscriber.reading(try TrickleURL(url), settings: settings, group: group) { try await body($0) }
    }

    /// Closing the input ends the session there, and so does a stop. A cancelled caller cannot say it; then an input without a writer does.
    private static func farewell(_ calls: (any StreamCalls)?, _ channels: [TrickleHTTPPublisher?]) async {
        if let calls { _ = try? await within(farewellTime, of: "a stop") { try await calls.stop() } }
        await withDiscardingTaskGroup { group in
            for channel in channels.compactMap(\.self) {
                group.addTask { try? await within(farewellTime, of: "the end of a channel") { try await channel.close() } }
            }
        }
    }
}

/// Where the channels of a session are; empty for those it has not.
struct LiveVideoLegs: Sendable {
    var manifest: String
    var input = ""
    var output = ""
    var control = ""
    var events = ""
    var data = ""
}

extension LiveVideoLegs {
    init(manifest: String, urls: LiveVideoURLs) {
        self.init(manifest: manifest, input: urls.input, output: urls.output, control: urls.control, events: urls.events)
    }
}
