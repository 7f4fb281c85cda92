import SluiceTypes
import Synchronization
import Testing

@testable import sluice

@Suite struct OrchestratorRosterTests {
    private final class Follower: Sendable {
        let calls = Mutex<[(addresses: [String], atOnce: Bool)]>([])
        var last: (addresses: [String], atOnce: Bool)? { calls.withLock { $0.last } }
    }

    private func roster(_ follower: Follower, embedded: Bool = false) throws -> OrchestratorRoster {
        try OrchestratorRoster([ListedOrchestrator(address: "a:1"), ListedOrchestrator(address: "b:1")], embedded: embedded) {
            addresses, atOnce in
            follower.calls.withLock { $0.append((addresses, atOnce)) }
        }
    }

    private let a = OrchestratorID("https://a:1")

    @Test func theNetworkIsToldWhoIsToBeKnown() throws {
        let follower = Follower()
        let roster = try roster(follower)
        #expect(follower.last?.addresses == ["a:1", "b:1"])
        _ = try roster.change(a, if: { _ in true }) { $0.standing = .draining }
        #expect(follower.last?.addresses == ["a:1", "b:1"], "one that drains stays known")
        _ = try roster.change(a, if: { _ in true }) { $0.standing = .blocked }
        #expect(follower.last?.addresses == ["b:1"] && follower.last?.atOnce == true)
        _ = try roster.change(a, if: { _ in true }) { $0.standing = .active }
        #expect(follower.last?.addresses == ["a:1", "b:1"] && follower.last?.atOnce == false)
        try roster.remove(a, if: { _ in true })
        #expect(follower.last?.addresses == ["b:1"] && follower.last?.atOnce == false, "what it has may still come")
    }

    /// Each order is followed with what holds by then, never with what held before another one.
    @Test func ofManyChangesAtOnceTheLastIsFollowed() async throws {
        for _ in 0..<20 {
            let follower = Follower()
            let roster = try roster(follower)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<16 {
                    group.addTask {
                        _ = try roster.change(number % 2 == 0 ? self.a : OrchestratorID("https://b:1"), if: { _ in true }) {
                            $0.standing = $0.standing == .blocked ? .active : .blocked
                        }
                    }
                }
                try await group.waitForAll()
            }
            let wanted = roster.entries.filter { $0.standing != .blocked }.map(\.listed.address)
            #expect(follower.last?.addresses == wanted)
            // Whoever was followed first cut for all.
            #expect(follower.calls.withLock { $0.contains { $0.atOnce } })
        }
    }

    @Test func whatCannotBeIsRefusedAndChangesNothing() throws {
        let follower = Follower()
        let roster = try roster(follower, embedded: true)
        #expect(throws: OrchestratorRoster.Refusal.changedMeanwhile) { try roster.remove(a, if: { _ in false }) }
        #expect(throws: OrchestratorRoster.Refusal.isEmbedded) { try roster.remove(.embedded, if: { _ in true }) }
        #expect(throws: OrchestratorRoster.Refusal.unknown) { try roster.remove(OrchestratorID("https://c:1"), if: { _ in true }) }
        #expect(throws: OrchestratorRoster.Refusal.alreadyListed) { try roster.add(ListedOrchestrator(address: "https://a:1")) }
        #expect(roster.entries.count == 3 && follower.last?.addresses == ["a:1", "b:1"])
    }

    @Test func aBlockOutlivesTheFile() throws {
        let roster = try roster(Follower())
        _ = try roster.change(a, if: { _ in true }) { $0.standing = .blocked }
        try roster.renew([ListedOrchestrator(address: "a:1"), ListedOrchestrator(address: "c:1")])
        #expect(roster.entries.map(\.id.rawValue) == ["https://a:1", "https://c:1"])
        #expect(roster.entry(a)?.standing == .blocked)
    }
}
