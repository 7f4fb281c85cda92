import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import SluiceMedia
import SluiceNetwork
import SluiceOrchestrator
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

/// A gateway's transport and a whole orchestrator, with TLS between.
@Suite(.timeLimit(.minutes(1))) struct StreamedLoopbackTests {
    /// Passes on to an endpoint that is made once the port is known.
    private final class Door: HTTPResponder {
        let endpoint = Mutex<OrchestratorEndpoint?>(nil)

        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            try await endpoint.withLock { $0 }?.respond(to: request, with: writer)
        }
    }

    private static let profiles = [
        TranscodeProfile(name: "360", width: 640, height: 360, bitrate: 800_000),
        TranscodeProfile(name: "240", width: 426, height: 240, bitrate: 400_000),
    ]

    @Test func aSegmentInPiecesGivesEachRenditionPictureByPicture() async throws {
        try await running { transport, id in
            let source = try Fixture.bytes("media/av720p30gop2s.ts")
            // The second finds decoder and encoders open.
            for sequence in 0..<2 {
                let feed = SegmentFeed()
                var rest = source
                // All but the last of it.
                while rest.readableBytes > 10_000, let piece = rest.readSlice(length: 10_000) { feed.append(piece) }
                var bytes = [0, 0]
                var complete: [Int: Int64] = [:]
                var isWhole = false
                for try await event in transport.stream(try job(feed, sequence), to: id) {
                    switch event {
                    case .renditionBytes(let index, let piece):
                        #expect(complete[index] == nil)
                        bytes[index] += piece.readableBytes
                        // Pictures of both have come back: now the source ends.
                        if !isWhole, bytes.allSatisfy({ $0 > 20_000 }) {
                            isWhole = true
                            feed.append(rest)
                            feed.finish(hash: Keccak256.hash(source))
                        }
                    case .renditionComplete(let index, let facts): complete[index] = facts.pixels
                    default: break
                    }
                }
                #expect(isWhole)
                #expect(complete == [0: 60 * 640 * 360, 1: 60 * 426 * 240])
                #expect(bytes.allSatisfy { $0 % 188 == 0 })
            }
        }
    }

    private func job(_ feed: SegmentFeed, _ sequence: Int) throws -> StreamedJob {
        StreamedJob(
            stream: try #require(StreamID("stream")), sequence: SegmentSequence(Int64(sequence)), profiles: Self.profiles, feed: feed,
            expectedDuration: .seconds(2))
    }

    private func running(_ body: (LivepeerTransport, OrchestratorID) async throws -> Void) async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let orchestrator = Orchestrator(
            settings: .init(transcode: .init(preset: "ultrafast", encoder: .x264)), executor: MediaExecutor(width: 1),
            registry: MetricRegistry(), logger: logger)
        let certificate = try SelfSignedCertificate.make(host: "localhost")
        let door = Door()
        let server = HTTPServer(
            host: "127.0.0.1", port: 0, tls: HTTPServerTLS(certificatePEM: certificate.certificatePEM, keyPEM: certificate.keyPEM),
            responder: door, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let port = try await server.start()
        let endpoint = try OrchestratorEndpoint(
            service: orchestrator, serviceURI: "https://127.0.0.1:\(port)", version: "0.1.0", logger: logger)
        door.endpoint.withLock { $0 = endpoint }
        var clocks = LivepeerTransport.Clocks()
        clocks.header = .seconds(40)
        clocks.call = .seconds(40)
        clocks.answer = .seconds(40)
        let transport = try LivepeerTransport(
            addresses: ["127.0.0.1:\(port)"], clocks: clocks, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            try await body(transport, try #require(transport.entries.first?.id))
        }
    }
}
