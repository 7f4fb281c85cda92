import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import SluiceNetwork

/// Our server and our client over TLS and HTTP/2 on the loopback.
@Suite(.timeLimit(.minutes(1))) struct HTTPLoopbackTests {
    private struct Echo: HTTPResponder {
        let gone: AsyncStream<Void>.Continuation

        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            switch request.head.path {
            case "/echo":
                try await writer.send(.ok, body: try await request.body.collect(upTo: 8 << 20))
            case "/trailers":
                try await writer.begin(.ok)
                try await writer.write(ByteBuffer(string: "body"))
                try await writer.finish(trailers: [.grpcStatus: "0"])
            case "/hang":
                try await writer.begin(.ok)
                defer { if Task.isCancelled { gone.finish() } }
                try await Task.sleep(for: .seconds(60))
            default: throw ChannelError.operationUnsupported
            }
        }
    }

    private func serving(_ body: (HTTPClientConnection, AsyncStream<Void>) async throws -> Void) async throws {
        let certificate = try SelfSignedCertificate.make(host: "localhost")
        let (gone, continuation) = AsyncStream.makeStream(of: Void.self)
        let server = HTTPServer(
            host: "127.0.0.1", port: 0,
            tls: HTTPServerTLS(certificatePEM: certificate.certificatePEM, keyPEM: certificate.keyPEM),
            responder: Echo(gone: continuation), group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let port = try await server.start()
        let client = try HTTPClientConnection(
            authority: HTTPAuthority(isSecure: true, host: "127.0.0.1", port: port),
            group: MultiThreadedEventLoopGroup.singleton)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            try await body(client, gone)
            await client.close()
            group.cancelAll()
        }
    }

    private func head(_ method: HTTPRequest.Method, _ path: String) -> HTTPRequest {
        HTTPRequest(method: method, scheme: "https", authority: "localhost", path: path)
    }

    @Test func fiveMegabytesComeBackWhole() async throws {
        try await serving { client, _ in
            let sent = ByteBuffer(repeating: 7, count: 5 << 20)
            let back = try await client.exchange(head(.post, "/echo"), body: sent) { _, body in try await body.collect(upTo: 8 << 20) }
            #expect(back == sent)
        }
    }

    @Test func trailersFollowTheBody() async throws {
        try await serving { client, _ in
            let status = try await client.exchange(head(.get, "/trailers")) { _, body in
                _ = try await body.collect(upTo: 10)
                return body.trailers?[.grpcStatus]
            }
            #expect(status == "0")
        }
    }

    @Test func manyExchangesShareOneConnection() async throws {
        try await serving { client, _ in
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
        try await serving { client, gone in
            let status = try await client.exchange(head(.get, "/hang")) { response, _ in response.status }
            #expect(status == .ok)
            for await _ in gone {}
        }
    }

    @Test func aThrowBeforeTheHeadIs500() async throws {
        try await serving { client, _ in
            let status = try await client.exchange(head(.get, "/throw")) { response, _ in response.status }
            #expect(status == .internalServerError)
        }
    }
}
