import NIOPosix
import SluiceProto
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceNetwork

@Suite(.timeLimit(.minutes(1))) struct SessionRenewalTests {
    private struct NoMore: Error {}

    private let peer = ScriptedPeer(.good)

    private func running(_ body: (KnownOrchestrator) async throws -> Void) async throws {
        try await TestServer.serving(peer) { server in
            var clocks = LivepeerTransport.Clocks()
            clocks.answer = .seconds(30)
            let known = try KnownOrchestrator(
                address: OrchestratorAddress("127.0.0.1:\(server.port)"), wanted: CapabilitySet(), clocks: clocks,
                group: MultiThreadedEventLoopGroup.singleton)
            try await body(known)
            await known.connection.close()
        }
    }

    private func streams(_ count: Int) throws -> [StreamID] { try (0..<count).map { try #require(StreamID("stream\($0)")) } }

    /// When four fifths of the life of a token of now are over.
    private var late: Int64 { KnownOrchestrator.now + 1500 }

    private func sessions(_ streams: [StreamID], of known: KnownOrchestrator) async throws -> [String] {
        var sessions: [String] = []
        for stream in streams {
            let session = try await known.begin(stream)
            known.finish(session)
            sessions.append(session.token.sessionID)
        }
        return sessions
    }

    @Test func youngTokensStay() async throws {
        try await running { known in
            let before = try await sessions(streams(2), of: known)
            #expect(await known.renewSessions().isEmpty)
            #expect(try await sessions(streams(2), of: known) == before)
        }
    }

    @Test func allAreRenewedSideBySide() async throws {
        try await running { known in
            _ = try await sessions(streams(4), of: known)
            let together = Gate()
            // None is answered before all have asked.
            peer.whenAsked { number in
                if number == 8 { together.open() }
                await together.wait()
            }
            #expect(await known.renewSessions(at: late).isEmpty)
            #expect(Set(try await sessions(streams(4), of: known)) == ["s5", "s6", "s7", "s8"])
        }
    }

    @Test func neverMoreThanEightAtOnce() async throws {
        try await running { known in
            _ = try await sessions(streams(20), of: known)
            let eight = Gate()
            peer.whenAsked { number in
                if number == 28 { eight.open() }
                await eight.wait()
            }
            #expect(await known.renewSessions(at: late).isEmpty)
            #expect(peer.mostAsking == 8)
        }
    }

    @Test func oneThatFailsDoesNotStopTheOthersAndIsTriedAgain() async throws {
        try await running { known in
            let before = try await sessions(streams(3), of: known)
            peer.whenAsked { number in if number == 4 { throw NoMore() } }
            #expect(await known.renewSessions(at: late).count == 1)
            let after = try await sessions(streams(3), of: known)
            #expect(Set(before).intersection(after).count == 1)
            #expect(await known.renewSessions(at: late).isEmpty)
            #expect(Set(before).isDisjoint(with: try await sessions(streams(3), of: known)))
        }
    }

    @Test func theOldSessionEndsWhenNothingLeansOnItAnyMore() async throws {
        try await running { known in
            let stream = try streams(1)[0]
            let session = try await known.begin(stream)
            #expect(await known.renewSessions(at: late).isEmpty)
            #expect(try await sessions([stream], of: known) == ["s2"])
            #expect(await known.renewSessions().isEmpty)
            #expect(peer.ended.isEmpty)
            known.finish(session)
            #expect(await known.renewSessions().isEmpty)
            #expect(peer.ended == ["s1"])
        }
    }

    @Test func aStreamThatEndsTakesItsOldSessionAlong() async throws {
        try await running { known in
            let stream = try streams(1)[0]
            _ = try await known.begin(stream)
            #expect(await known.renewSessions(at: late).isEmpty)
            await known.end(stream)
            #expect(Set(peer.ended) == ["s1", "s2"])
        }
    }

    @Test func segmentsThatBeginTogetherShareOneSession() async throws {
        try await running { known in
            let stream = try streams(1)[0]
            let both = Gate()
            peer.whenAsked { number in
                if number == 2 { both.open() }
                await both.wait()
            }
            async let first = known.begin(stream)
            async let second = known.begin(stream)
            let (one, other) = try await (first, second)
            #expect(one.token == other.token)
        }
    }
}
