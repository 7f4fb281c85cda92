import NIOCore
import SluiceTypes
import Testing

@testable import SluiceNetwork

/// What a request says of its own length, as nobody would.
@Suite(.timeLimit(.minutes(1))) struct BodyLengthTests {
    private struct Nobody: SegmentPush {
        func push(_ segment: PushedSegment, rendition: (PushedRendition) async throws -> Void) async throws {}
        func end(_ stream: StreamID) async -> Bool { false }
    }

    @Test(arguments: [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "-1", "1e300", "NaN", "0x10",
        "300000001",
    ])
    func whatIsTooLongOrNoLengthIsRefused(_ length: String) async throws {
        let endpoint = PushEndpoint(push: Nobody(), parseConfiguration: { _ in nil }, logger: TestServer.quiet)
        try await TestServer.serving(endpoint, tls: false) { server in
            let answer = try await RawTrickle.ask(
                server.port, "POST /live/s/0.ts HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n")
            #expect((400..<500).contains(answer.code) || answer.isBroken, "\(answer)")
            let next = try await RawTrickle.ask(
                server.port, "POST /live/s/0.ts HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
            #expect(next.code == 200, "it lives")
        }
    }
}
