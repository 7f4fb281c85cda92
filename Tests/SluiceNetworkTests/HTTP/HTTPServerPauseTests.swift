import HTTPTypes
import NIOCore
import Testing

@testable import SluiceNetwork

@Suite(.timeLimit(.minutes(1))) struct HTTPServerPauseTests {
    /// It does not even answer a PING, on old connections and on new ones; afterwards all is as before.
    @Test(arguments: [true, false])
    func aPausedServerHearsNothing(isConnected: Bool) async throws {
        try await TestServer.serving(GatedResponder()) { peer in
            var settings = HTTPClientConnection.Settings()
            settings.dialTime = .milliseconds(200)
            settings.pingAfter = .milliseconds(100)
            settings.pingAnswer = .milliseconds(100)
            let client = try peer.client(settings)
            let echo: @Sendable () async throws -> String = {
                try await client.exchange(peer.head(.post, "/echo"), body: ByteBuffer(string: "hi")) { _, body in
                    String(buffer: try await body.collect(upTo: 10))
                }
            }
            if isConnected { #expect(try await echo() == "hi") }
            await peer.server.pause(true)
            await #expect(throws: HTTPClientError.self) { try await echo() }
            await peer.server.pause(false)
            #expect(try await echo() == "hi")
        }
    }
}
