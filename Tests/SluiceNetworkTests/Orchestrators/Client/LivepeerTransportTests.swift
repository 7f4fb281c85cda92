import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf
import Testing

@testable import SluiceNetwork

/// The transport against orchestrators that behave as told.
@Suite(.timeLimit(.minutes(1))) struct LivepeerTransportTests {
    enum Behaviour: Sendable { case good, garbage, tooMany, tooFew, silent, busy }

    private struct Fake: HTTPResponder {
        let behaviour: Behaviour

        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            let base = "https://\(request.head.authority ?? "")"
            let path = request.head.path ?? ""
            if path.hasPrefix("/stream/") { return try await writer.send(.ok, body: ByteBuffer(repeating: 1, count: 100)) }
            if path.hasPrefix("/net.") {
                var answer = Net_OrchestratorInfo()
                answer.transcoder = base
                answer.authToken = .with { ($0.sessionID, $0.expiration) = ("s", wallClockNanoseconds() / 1_000_000_000 + 1800) }
                try await writer.begin(.ok, headers: [.contentType: "application/grpc"])
                try await writer.write(try GRPCFrame.encode(answer))
                return try await writer.finish(trailers: [.grpcStatus: "0"])
            }
            _ = try await request.body.collect(upTo: 1 << 20)
            if behaviour == .silent { return try await Task.sleep(for: .seconds(60)) }
            if behaviour == .garbage { return try await writer.send(.ok, body: ByteBuffer(repeating: 255, count: 40)) }
            var result = Net_TranscodeResult()
            if behaviour == .busy {
                result.error = "OrchestratorBusy"
            } else {
                let count = behaviour == .tooMany ? 3 : behaviour == .tooFew ? 1 : 2
                result.data.segments = (0..<count).map { index in .with { $0.url = "\(base)/stream/s/\(index)/0.ts" } }
            }
            try await writer.send(.ok, body: ByteBuffer(bytes: try result.serializedBytes() as [UInt8]))
        }
    }

    private func send(to behaviour: Behaviour) async throws -> Result<Int, SegmentFailure> {
        let certificate = try SelfSignedCertificate.make(host: "localhost")
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let server = HTTPServer(
            host: "127.0.0.1", port: 0,
            tls: HTTPServerTLS(certificatePEM: certificate.certificatePEM, keyPEM: certificate.keyPEM),
            responder: Fake(behaviour: behaviour), group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let port = try await server.start()
        var clocks = LivepeerTransport.Clocks()
        clocks.header = .milliseconds(300)
        let transport = try LivepeerTransport(
            addresses: ["127.0.0.1:\(port)"], clocks: clocks, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let id = try #require(transport.entries.first?.id)
        let job = try job()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            do {
                var complete = 0
                for try await event in transport.send(job, to: id) {
                    if case .renditionComplete = event { complete += 1 }
                }
                return .success(complete)
            } catch let failure as SegmentFailure {
                return .failure(failure)
            }
        }
    }

    private func job() throws -> SegmentJob {
        let now = ContinuousClock.now
        let segment = Segment(
            stream: try #require(StreamID("stream")), sequence: SegmentSequence(0), container: .mpegTS,
            bytes: ByteBuffer(repeating: 2, count: 1000), start: .zero, duration: .milliseconds(400),
            startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 1, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
        let profiles = ["p", "q"].map { TranscodeProfile(name: $0, width: 320, height: 180, bitrate: 1000) }
        return SegmentJob(segment: segment, profiles: profiles)
    }

    @Test func aGoodOneGivesEveryRendition() async throws {
        #expect(try await send(to: .good) == .success(2))
    }

    @Test(arguments: [
        (Behaviour.garbage, SegmentFailure.Reason.protocolViolation), (.tooMany, .protocolViolation),
        (.tooFew, .protocolViolation), (.silent, .timedOut), (.busy, .busy),
    ])
    func aBadOneIsNamed(_ behaviour: Behaviour, _ reason: SegmentFailure.Reason) async throws {
        guard case .failure(let failure) = try await send(to: behaviour) else {
            Issue.record("\(behaviour) was taken for good")
            return
        }
        #expect(failure.reason == reason, "\(failure)")
    }
}
