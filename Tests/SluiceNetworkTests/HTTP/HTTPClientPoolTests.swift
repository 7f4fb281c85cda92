import HTTPTypes
import NIOCore
import NIOPosix
import Testing

@testable import SluiceNetwork

@Suite(.timeLimit(.minutes(1))) struct HTTPClientPoolTests {
    private func echo(_ pool: HTTPClientPool, _ port: Int) async throws {
        let status = try await pool.exchange(
            with: HTTPAuthority(isSecure: true, host: "127.0.0.1", port: port),
            HTTPRequest(method: .post, scheme: "https", authority: "o", path: "/echo")
        ) { response, _ in response.status }
        #expect(status == .ok)
    }

    @Test func theLeastRecentlyUsedIsForgottenAndClosed() async throws {
        let pool = HTTPClientPool(most: 2, group: MultiThreadedEventLoopGroup.singleton)
        try await TestServer.serving(GatedResponder()) { peer in
            try await Wire.laid(to: peer.port) { first in
                try await Wire.laid(to: peer.port) { second in
                    try await echo(pool, first.port)
                    try await echo(pool, second.port)
                    try await echo(pool, first.port)
                    try await echo(pool, peer.port)
                    #expect(Set(pool.authorities.map(\.port)) == [first.port, peer.port])
                    for await _ in second.closed { break }
                    try await echo(pool, first.port)
                    #expect(first.connections == 1)
                }
            }
            await pool.close()
        }
    }

    @Test func whatIsInUseIsKeptAndTheNewcomerGetsAConnectionOfItsOwn() async throws {
        let pool = HTTPClientPool(most: 1, group: MultiThreadedEventLoopGroup.singleton)
        let responder = GatedResponder()
        try await TestServer.serving(responder) { peer in
            try await Wire.laid(to: peer.port) { other in
                let head = peer.head(.get, "/wait")
                let authority = peer.authority
                async let answer = pool.exchange(with: authority, head) { response, _ in response.status }
                await responder.arrived.wait()
                try await echo(pool, other.port)
                for await _ in other.closed { break }
                #expect(pool.authorities == [authority])
                responder.gate.open()
                #expect(try await answer == .ok)
            }
            await pool.close()
        }
    }
}
