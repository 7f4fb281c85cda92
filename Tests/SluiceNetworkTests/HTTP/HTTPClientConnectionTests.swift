import HTTPTypes
import NIOCore
import NIOPosix
import Testing

@testable import SluiceNetwork

@Suite(.timeLimit(.minutes(1))) struct HTTPClientConnectionTests {
    private let responder = GatedResponder()

    private func client(_ port: Int, dialTime: Duration = .seconds(20), ping: Duration = .seconds(600)) throws -> HTTPClientConnection {
        var settings = HTTPClientConnection.Settings()
        settings.dialTime = dialTime
        settings.pingAfter = ping
        settings.pingAnswer = .milliseconds(200)
        return try HTTPClientConnection(
            authority: HTTPAuthority(isSecure: true, host: "127.0.0.1", port: port), settings: settings,
            group: MultiThreadedEventLoopGroup.singleton)
    }

    private func echo(_ client: HTTPClientConnection, _ text: String) async throws -> String {
        try await client.exchange(
            HTTPRequest(method: .post, scheme: "https", authority: "o", path: "/echo"), body: ByteBuffer(string: text)
        ) { _, body in String(buffer: try await body.collect(upTo: 100)) }
    }

    @Test func aDeadPeerIsNoticedInTheMiddleOfAnExchangeAndTheNextOneDials() async throws {
        try await TestServer.serving(responder) { peer in
            try await Wire.laid(to: peer.port) { wire in
                let client = try client(wire.port, ping: .milliseconds(100))
                let head = peer.head(.get, "/hang")
                await #expect(throws: HTTPClientError.self) {
                    try await client.exchange(head) { _, body in
                        wire.cut()
                        _ = try await body.collect(upTo: 10)
                    }
                }
                wire.mend()
                #expect(try await echo(client, "again") == "again")
                #expect(wire.connections == 2)
                await client.close()
            }
        }
    }

    @Test func aPeerThatDiesWhileNothingIsUnderWayIsNoticedToo() async throws {
        try await TestServer.serving(responder) { peer in
            try await Wire.laid(to: peer.port) { wire in
                let client = try client(wire.port, ping: .milliseconds(100))
                _ = try await echo(client, "once")
                wire.cut()
                for await _ in wire.closed { break }
                wire.mend()
                #expect(try await echo(client, "again") == "again")
                await client.close()
            }
        }
    }

    @Test func aPeerThatNeverShakesHandsIsGivenUp() async throws {
        // Takes connections (the kernel does) and never says a word.
        let mute = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let client = try client(mute.localAddress?.port ?? 0, dialTime: .milliseconds(200))
        let error = await #expect(throws: HTTPClientError.self) { try await echo(client, "x") }
        #expect("\(try #require(error))".contains("no TLS handshake within 0.2 seconds"))
        try await mute.close()
    }

    @Test func whoIsCancelledWhileDiallingWaitsNoLonger() async throws {
        let mute = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let client = try client(mute.localAddress?.port ?? 0, dialTime: .seconds(3600))
        let waiting = Task { try await echo(client, "x") }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        try await mute.close()
    }

    @Test func aServerThatSaysGoodbyeFinishesAndTheNextExchangeDials() async throws {
        try await TestServer.serving(responder) { peer in
            try await Wire.laid(to: peer.port) { wire in
                let client = try client(wire.port)
                let head = peer.head(.get, "/wait")
                async let answer = client.exchange(head) { _, body in String(buffer: try await body.collect(upTo: 10)) }
                await responder.arrived.wait()
                async let end: Void = peer.server.shutdown()
                // Until the goodbye is heard, exchanges go through; then a new connection is dialled, and refused.
                while (try? await echo(client, "more")) != nil {}
                responder.gate.open()
                #expect(try await answer == "done")
                await end
                #expect(wire.connections >= 2)
                await client.close()
            }
        }
    }

    @Test func whatIsClosedStaysClosed() async throws {
        try await TestServer.serving(responder) { peer in
            let client = try peer.client()
            _ = try await echo(client, "once")
            await client.close()
            let error = await #expect(throws: HTTPClientError.self) { try await echo(client, "again") }
            guard case .closed = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func plainHTTPGetsAConnectionPerExchange() async throws {
        try await TestServer.serving(responder, tls: false) { peer in
            let client = try peer.client()
            for text in ["one", "two"] { #expect(try await echo(client, text) == text) }
            await client.close()
        }
    }
}
