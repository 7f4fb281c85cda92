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
        // A token for this session alone: one of a stream that is transcoded there counts its segments.
        guard let stream = StreamID("live-\(request.request)") else {
            throw SegmentFailure(.cancelled, "'\(request.request)' is no request's name")
        }
        let (manifest, urls) = try await start(request, stream, known)
        do {
            try await lend(manifest, urls, body)
        } catch let failure as TrickleFailure {
            await known.end(stream)
            if case .unreachable = failure { throw SegmentFailure(.unreachable, "\(orchestrator): \(failure)") }
            throw SegmentFailure(.transcodeFailed, "\(orchestrator): \(failure)")
        } catch {
            await known.end(stream)
            throw error
        }
        await known.end(stream)
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

    private func lend(
        _ manifest: String, _ urls: LiveVideoURLs, _ body: @Sendable (LiveVideoChannels) async throws -> Void
    ) async throws {
        var reading = TrickleHTTPSubscriber.Settings()
        reading.start = .number(0)
        let fromFirst = reading
        var json = TrickleHTTPPublisher.Settings()
        json.contentType = "application/json"
        let (group, control) = (group, json)
        try await TrickleHTTPPublisher.writing(try TrickleURL(urls.input), group: group) { input in
            try await TrickleHTTPPublisher.writing(try TrickleURL(urls.control), settings: control, group: group) { control in
                try await TrickleHTTPSubscriber.reading(try TrickleURL(urls.output), settings: fromFirst, group: group) { output in
                    @Sendable func run(_ events: TrickleHTTPSubscriber?) async throws {
                        let channels = LiveVideoChannels(
                            manifest: manifest, input: input, output: output, control: control, events: events)
                        do { try await body(channels) } catch {
                            await Self.farewell(input, control)
                            throw error
                        }
                        await Self.farewell(input, control)
                    }
                    if urls.events.isEmpty { return try await run(nil) }
                    try await TrickleHTTPSubscriber.reading(try TrickleURL(urls.events), settings: fromFirst, group: group) {
                        try await run($0)
                    }
                }
            }
        }
    }

    /// Closing the input ends the session there. A cancelled caller cannot say it; then an input without a writer does.
    private static func farewell(_ channels: TrickleHTTPPublisher...) async {
        await withDiscardingTaskGroup { group in
            for channel in channels {
                group.addTask { try? await within(farewellTime, of: "the end of a channel") { try await channel.close() } }
            }
        }
    }
}
