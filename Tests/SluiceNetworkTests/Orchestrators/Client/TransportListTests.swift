import NIOPosix
import SluiceTypes
import Testing

@testable import SluiceNetwork

/// The list of orchestrators changes while segments go out.
@Suite(.timeLimit(.minutes(1))) struct TransportListTests {
    private func transport(_ addresses: [String]) throws -> LivepeerTransport {
        var clocks = LivepeerTransport.Clocks()
        (clocks.answer, clocks.header, clocks.call, clocks.download) = (.seconds(40), .seconds(40), .seconds(40), .seconds(40))
        return try LivepeerTransport(
            addresses: addresses, clocks: clocks, group: MultiThreadedEventLoopGroup.singleton, logger: TestServer.quiet)
    }

    @Test func whoIsAddedServesAndWhoIsRemovedIsToldThatItIsOver() async throws {
        let (first, second) = (ScriptedPeer(.good), ScriptedPeer(.good))
        try await TestServer.serving(first) { one in
            try await TestServer.serving(second) { two in
                let (a, b) = ("127.0.0.1:\(one.port)", "127.0.0.1:\(two.port)")
                let transport = try transport([a])
                let id = try #require(transport.entries.first?.id)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await transport.run() }
                    try await TransportHarness(transport: transport, id: id).succeed()
                    try transport.use([a, b, a])
                    #expect(transport.entries.count == 2, "one that stands twice counts once")
                    let other = try #require(transport.entries.last?.id)
                    try await TransportHarness(transport: transport, id: other).succeed(of: "other")
                    try transport.use([b])
                    #expect(transport.entries.map(\.id) == [other])
                    await first.hasEnded.wait()
                    let late = try await TransportHarness(transport: transport, id: id).send(1)
                    #expect(late.failure?.reason == .unreachable && late.failure?.detail.contains("not in the list") == true)
                    try await TransportHarness(transport: transport, id: other).succeed(1, of: "other")
                    group.cancelAll()
                }
            }
        }
    }

    @Test func whatABlockedOneHasIsGivenUpAtOnce() async throws {
        try await TestServer.serving(ScriptedPeer(.silentAfterItsHead)) { server in
            let transport = try transport(["127.0.0.1:\(server.port)"])
            let harness = TransportHarness(transport: transport, id: try #require(transport.entries.first?.id))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await transport.run() }
                var events = transport.send(try TransportHarness.job(), to: harness.id).makeAsyncIterator()
                #expect(try await events.next() != nil, "the early answer")
                try transport.use([], atOnce: true)
                await #expect(throws: SegmentFailure.self) { while try await events.next() != nil {} }
                group.cancelAll()
            }
        }
    }

    @Test func anAddressThatIsNoneChangesNothing() throws {
        let transport = try transport(["127.0.0.1:1"])
        #expect(throws: OrchestratorAddress.Malformed.self) { try transport.use(["127.0.0.1:2", "ftp://x/y"]) }
        #expect(transport.entries.map(\.id.rawValue) == ["https://127.0.0.1:1"])
    }
}
