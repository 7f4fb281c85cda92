import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf
import Synchronization
import Testing

@testable import SluiceNetwork

/// A transport and an orchestrator's endpoint, and a service that gives back what it gets.
struct StreamedHarness: Sendable {
    /// Passes on to an endpoint that is made once the port is known.
    final class Responder: HTTPResponder {
        private let state = Mutex<(endpoint: OrchestratorEndpoint?, onSegment: (@Sendable () -> Void)?)>((nil, nil))

        func set(_ endpoint: OrchestratorEndpoint) { state.withLock { $0.endpoint = endpoint } }
        func onSegment(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onSegment = body } }

        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            let (endpoint, onSegment) = state.withLock { $0 }
            if request.head.path == OrchestratorEndpoint.streamedSegmentPath { onSegment?() }
            try await endpoint?.respond(to: request, with: writer)
        }
    }

    struct Outcome: Sendable {
        var complete: Set<Int> = []
        var sizes = [0, 0]
        var failure: SegmentFailure?
    }

    let transport: LivepeerTransport
    let id: OrchestratorID
    let service: ScriptedService
    let responder: Responder
    let server: TestServer
    let clocks: StreamedSegmentClocks

    static func running(
        _ clocks: StreamedSegmentClocks = .init(), _ body: (StreamedHarness) async throws -> Void
    ) async throws {
        let responder = Responder()
        try await TestServer.serving(responder) { server in
            let transport = try transport(to: server, patience: .seconds(40))
            let id = try #require(transport.entries.first?.id)
            let harness = StreamedHarness(
                transport: transport, id: id, service: ScriptedService(), responder: responder, server: server, clocks: clocks)
            try harness.restart()
            try await body(harness)
        }
    }

    static func transport(to server: TestServer, patience: Duration) throws -> LivepeerTransport {
        var clocks = LivepeerTransport.Clocks()
        clocks.header = patience
        clocks.call = patience
        clocks.answer = .seconds(40)
        return try LivepeerTransport(
            addresses: ["127.0.0.1:\(server.port)"], clocks: clocks, group: MultiThreadedEventLoopGroup.singleton,
            logger: TestServer.quiet)
    }

    /// A new endpoint, which knows no token of the one before.
    func restart() throws {
        responder.set(
            try OrchestratorEndpoint(
                service: service, serviceURI: "https://127.0.0.1:\(server.port)", version: "0.1.0", streamed: clocks,
                logger: TestServer.quiet))
    }

    func job(_ feed: SegmentFeed) throws -> StreamedJob { try Self.job(feed) }

    static func job(_ feed: SegmentFeed) throws -> StreamedJob {
        StreamedJob(
            stream: try #require(StreamID("stream")), sequence: SegmentSequence(0),
            profiles: ["p", "q"].map { TranscodeProfile(name: $0, width: 320, height: 180, bitrate: 1000) }, feed: feed,
            expectedDuration: .milliseconds(10))
    }

    static func wholeFeed() -> SegmentFeed {
        let feed = SegmentFeed()
        let bytes = ByteBuffer(string: "a segment that is long enough")
        feed.append(bytes)
        feed.finish(hash: Keccak256.hash(bytes))
        return feed
    }

    func outcome(_ feed: SegmentFeed, onBytes: () -> Void = {}) async throws -> Outcome {
        try await Self.outcome(feed, transport, id, onBytes: onBytes)
    }

    static func outcome(
        _ feed: SegmentFeed, _ transport: LivepeerTransport, _ id: OrchestratorID, onBytes: () -> Void = {}
    ) async throws -> Outcome {
        var outcome = Outcome()
        do {
            for try await event in transport.stream(try job(feed), to: id) {
                switch event {
                case .renditionBytes(let index, let bytes):
                    outcome.sizes[index] += bytes.readableBytes
                    onBytes()
                case .renditionComplete(let index, _): outcome.complete.insert(index)
                default: break
                }
            }
        } catch let failure as SegmentFailure {
            outcome.failure = failure
        }
        return outcome
    }

    func token() async throws -> Net_AuthToken {
        let caller = OrchestratorCaller(connection: try server.client())
        return try await caller.information(needing: CapabilitySet(), within: .seconds(40)).authToken
    }

    /// A request by hand.
    ///
    /// - Returns: the failure that the answer tells of.
    func upload(
        _ token: Net_AuthToken, _ upload: @escaping @Sendable (HTTPClientUpload) async throws -> Void
    ) async throws -> SegmentFailure? {
        var message = Net_SegData()
        message.manifestID = Data("stream".utf8)
        message.authToken = token
        message.fullProfiles = [.with { ($0.name, $0.width, $0.height, $0.bitrate) = ("p", 320, 180, 1000) }]
        var head = server.head(.post, OrchestratorEndpoint.streamedSegmentPath)
        head.headerFields[.livepeerSegment] = try SegmentCredentials.encode(message)
        return try await server.client().exchange(head, upload: upload) { _, body in
            var reader = StreamedSegmentReader(renditions: 1)
            do {
                while let bytes = try await body.next() { _ = try reader.read(bytes) }
                return nil
            } catch let failure as SegmentFailure {
                return failure
            }
        }
    }
}

/// An orchestrator that gives out tokens, and of an answer to a segment its head or none, the frames it is told, and an end if there
/// are any.
final class ScriptedStreamer: HTTPResponder {
    private let answers: Bool
    private let frames: [[UInt8]]?

    init(answers: Bool, frames: [[UInt8]]? = nil) {
        self.answers = answers
        self.frames = frames
    }

    func running(_ body: (LivepeerTransport, OrchestratorID) async throws -> Void) async throws {
        try await TestServer.serving(self) { server in
            let transport = try StreamedHarness.transport(to: server, patience: frames == nil ? .milliseconds(200) : .seconds(40))
            try await body(transport, try #require(transport.entries.first?.id))
        }
    }

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard request.head.path == OrchestratorEndpoint.streamedSegmentPath else {
            var answer = Net_OrchestratorInfo()
            answer.transcoder = "https://\(request.head.authority ?? "")"
            answer.authToken = .with { ($0.token, $0.sessionID, $0.expiration) = (Data([1]), "s", .max) }
            answer.streamedSegments = [7, StreamedSegmentFrame.version]
            try await writer.begin(.ok, headers: [.contentType: "application/grpc"])
            try await writer.write(GRPCFrame.encode(answer))
            return try await writer.finish(trailers: [.grpcStatus: "0"])
        }
        if answers { try await writer.begin(.ok) }
        guard let frames else { return await Gate().wait() }
        for frame in frames { try await writer.write(ByteBuffer(bytes: frame)) }
        try await writer.finish()
    }
}
