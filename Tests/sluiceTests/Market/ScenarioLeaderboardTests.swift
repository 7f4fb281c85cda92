import Foundation
import SluiceMarket
import SluiceRouting
import SluiceSimulation
import SluiceTypes
import Testing

@testable import sluice

/// The leaderboard of the shipped scenarios names the one that the scenario made bad.
@Suite struct ScenarioLeaderboardTests {
    private final class Watch {
        var last: [Ranked] = []
    }

    private func ranking(of name: String, minutes: Double, seed: UInt64) throws -> [Ranked] {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        var scenario = try ScenarioFile.read(root.appendingPathComponent("config/scenarios/\(name).yaml").path)
        let duration = minutes * 60
        scenario.duration = duration
        scenario.streams = scenario.streams.filter { $0.start + $0.startsOver <= duration }.map { group in
            var group = group
            group.end = group.end.map { min($0, duration) }
            return group
        }
        scenario.gateways = 1
        let watch = Watch()
        let simulation = try Simulation(scenario, gpu: { GPUClassTable().gpu(model: $0) })
        _ = simulation.run(seed: seed) { _, seed in RankedPolicy(seed: seed, ranked: { watch.last = $0 }) }
        return watch.last
    }

    @Test(arguments: [UInt64(1), 2]) func whoStallsIsLast(seed: UInt64) throws {
        let ranking = try ranking(of: "stall", minutes: 4, seed: seed)
        let scenario = ranking.map(\.key.orchestrator.rawValue)
        #expect(ranking.count == 5)
        let bad = try #require(ranking.last)
        #expect(bad.key.orchestrator.rawValue.contains("berlin"), "\(scenario)")
        #expect(bad.tally.overtaken + bad.tally.failed > 0)
    }

    private func row(_ name: String, _ ranking: [Ranked]) throws -> Ranked {
        try #require(ranking.first { $0.key.orchestrator.rawValue.contains(name) })
    }

    /// Three crash at their work, one is away for good, and one does nothing wrong.
    @Test(arguments: [UInt64(1), 2]) func whoCrashesHasItsFaultsBesideItsName(seed: UInt64) throws {
        let ranking = try ranking(of: "crash", minutes: 7, seed: seed)
        for name in ["berlin", "frankfurt", "paris"] {
            let tally = try row(name, ranking).tally
            #expect(tally.failed + tally.overtaken > 0 && tally.lastFault > 0, "\(name)")
        }
        let sound = try row("mumbai", ranking)
        #expect(sound.tally.failed + sound.tally.overtaken == 0 && sound.measures[.reliability] ?? 1 == 1)
        let gone = try row("newyork", ranking)
        #expect(gone.offer?.isReachable == false || ranking.last?.key == gone.key)
    }

    /// Three minutes after it has become five times as dear.
    @Test(arguments: [UInt64(1), 2]) func whoRaisesItsPriceFallsBehindItsNeighbours(seed: UInt64) throws {
        let ranking = try ranking(of: "price-jump", minutes: 6, seed: seed)
        let dear = try row("paris", ranking)
        #expect(ranking.allSatisfy { $0.key == dear.key || ($0.measures[.cost] ?? 0) > (dear.measures[.cost] ?? 1) })
        for name in ["berlin", "frankfurt"] { #expect(try row(name, ranking).score > dear.score + 0.03) }
    }

    @Test func whoSendsHalfAnswersAndWrongBytesIsLast() throws {
        let ranking = try ranking(of: "flaky-network", minutes: 4, seed: 1)
        #expect(
            ranking.last?.key.orchestrator.rawValue.contains("frankfurt") == true,
            "\(ranking.map { ($0.key.orchestrator.rawValue, $0.score) })")
    }
}
