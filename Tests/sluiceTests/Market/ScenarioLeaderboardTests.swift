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

    /// All crash but one, and that one is first.
    @Test(arguments: [UInt64(1), 2]) func whoNeverCrashesIsNotAmongTheLast(seed: UInt64) throws {
        let ranking = try ranking(of: "crash", minutes: 7, seed: seed)
        let names = ranking.map { ($0.key.orchestrator.rawValue, $0.score, $0.tally.failed + $0.tally.overtaken) }
        let last = try #require(ranking.last)
        #expect(!last.key.orchestrator.rawValue.contains("mumbai") && last.tally.failed + last.tally.overtaken > 0, "\(names)")
    }

    /// Three minutes after it has become five times as dear.
    @Test(arguments: [UInt64(1), 2]) func whoRaisesItsPriceIsLast(seed: UInt64) throws {
        let ranking = try ranking(of: "price-jump", minutes: 6, seed: seed)
        let names = ranking.map { ($0.key.orchestrator.rawValue, $0.score, $0.measures[.cost] ?? 0) }
        #expect(ranking.last?.key.orchestrator.rawValue.contains("paris") == true, "\(names)")
    }

    @Test func whoSendsHalfAnswersAndWrongBytesIsLast() throws {
        let ranking = try ranking(of: "flaky-network", minutes: 4, seed: 1)
        #expect(
            ranking.last?.key.orchestrator.rawValue.contains("frankfurt") == true,
            "\(ranking.map { ($0.key.orchestrator.rawValue, $0.score) })")
    }
}
