import HTTPTypes
import NIOCore
import Testing

@testable import SluiceNetwork

@Suite(.timeLimit(.minutes(1))) struct HTTPServerShutdownTests {
    private static let longerThanTheTest = Duration.seconds(3600)

    private let responder = GatedResponder()

    private func settings(grace: Duration) -> HTTPServer.Settings {
        var settings = HTTPServer.Settings()
        settings.shutdownGrace = grace
        return settings
    }

    @Test(arguments: [true, false])
    func anOpenExchangeIsServedToItsEnd(tls: Bool) async throws {
        try await TestServer.serving(responder, tls: tls, settings: settings(grace: Self.longerThanTheTest)) { peer in
            let client = try peer.client()
            let head = peer.head(.get, "/wait")
            async let answer = client.exchange(head) { _, body in String(buffer: try await body.collect(upTo: 10)) }
            await responder.arrived.wait()
            async let end: Void = peer.server.shutdown()
            // Nobody new is let in once the port is closed, which is the first thing to happen.
            await refusesNewConnections(peer)
            responder.gate.open()
            #expect(try await answer == "done")
            await end
        }
    }

    @Test(arguments: [true, false])
    func anExchangeThatDoesNotEndIsCutOffAfterTheGrace(tls: Bool) async throws {
        try await TestServer.serving(responder, tls: tls, settings: settings(grace: .milliseconds(100))) { peer in
            let client = try peer.client()
            let head = peer.head(.get, "/hang")
            let arrived = responder.arrived
            async let end: Void = {
                await arrived.wait()
                await peer.server.shutdown()
            }()
            await #expect(throws: HTTPClientError.self) {
                try await client.exchange(head) { _, body in _ = try await body.collect(upTo: 10) }
            }
            await end
            await responder.cancelled.wait()
        }
    }

    @Test func anIdleConnectionOfHTTP1IsClosedAtOnce() async throws {
        try await TestServer.serving(responder, tls: false, settings: settings(grace: Self.longerThanTheTest)) { peer in
            let request = "POST /echo HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi"
            let heard = try await RawPeer.talk(to: peer.port, request, until: "hi") { await peer.server.shutdown() }
            #expect(heard.hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test func aPeerInTheMiddleOfItsHandshakeDoesNotHoldTheEndUp() async throws {
        try await TestServer.serving(responder, settings: settings(grace: Self.longerThanTheTest)) { peer in
            // Closed, or reset where it had not been accepted yet.
            let heard = try? await RawPeer.talk(to: peer.port, "") { await peer.server.shutdown() }
            #expect(heard ?? "" == "")
        }
    }

    private func refusesNewConnections(_ peer: TestServer) async {
        while (try? await RawPeer.talk(to: peer.port, "GET /none HTTP/1.1\r\nconnection: close\r\n\r\n")) != nil {}
    }
}
