import HTTPTypes
import NIOCore
import Testing

@testable import SluiceNetwork

/// Our server and our client over TLS and HTTP/2 on the loopback.
@Suite(.timeLimit(.minutes(1))) struct HTTPLoopbackTests {
    private let responder = GatedResponder()

    private func serving(_ body: (HTTPClientConnection) async throws -> Void) async throws {
        try await TestServer.serving(responder) { peer in
            let client = try peer.client()
            try await body(client)
            await client.close()
        }
    }

    private func head(_ method: HTTPRequest.Method, _ path: String) -> HTTPRequest {
        HTTPRequest(method: method, scheme: "https", authority: "localhost", path: path)
    }

    @Test func fiveMegabytesComeBackWhole() async throws {
        try await serving { client in
            let sent = ByteBuffer(repeating: 7, count: 5 << 20)
            let back = try await client.exchange(head(.post, "/echo"), body: sent) { _, body in try await body.collect(upTo: 8 << 20) }
            #expect(back == sent)
        }
    }

    @Test func trailersFollowTheBody() async throws {
        try await serving { client in
            let status = try await client.exchange(head(.get, "/trailers")) { _, body in
                _ = try await body.collect(upTo: 10)
                return body.trailers?[.grpcStatus]
            }
            #expect(status == "0")
        }
    }

    @Test func manyExchangesShareOneConnection() async throws {
        try await serving { client in
            try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
                for number in 0..<100 {
                    let head = head(.post, "/echo")
                    group.addTask {
                        try await client.exchange(head, body: ByteBuffer(integer: number)) { _, body in try await body.collect(upTo: 8) }
                    }
                }
                var seen: Set<Int> = []
                for try await answer in group { seen.insert(answer.getInteger(at: answer.readerIndex) ?? -1) }
                #expect(seen == Set(0..<100))
            }
        }
    }

    @Test func leavingResetsTheStreamAndCancelsTheResponder() async throws {
        try await serving { client in
            let status = try await client.exchange(head(.get, "/hang")) { response, _ in response.status }
            #expect(status == .ok)
            await responder.cancelled.wait()
        }
    }

    @Test func aThrowBeforeTheHeadIs500() async throws {
        try await serving { client in
            let status = try await client.exchange(head(.get, "/throw")) { response, _ in response.status }
            #expect(status == .internalServerError)
        }
    }
}
