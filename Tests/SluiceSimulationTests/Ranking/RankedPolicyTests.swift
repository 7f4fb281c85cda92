import SluiceMarket
import SluiceRouting
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceSimulation

@Suite struct RankedPolicyTests {
    /// Streams that come and go, so that there is always somebody to place.
    private static func streams(_ duration: Double) -> [StreamGroup] {
        stride(from: 0.0, to: duration, by: 20).map { StreamGroup(count: 8, start: $0, startsOver: 20, end: min($0 + 60, duration)) }
    }

    /// Four of the same price that are equally quick. After a quarter one of them begins to get it wrong now and then, and a newcomer that
    /// never does comes.
    private static let market = Scenario(
        name: "market", duration: 360, streams: streams(360),
        orchestrators: [
            OrchestratorModel(name: "steady", count: 3, price: 10),
            OrchestratorModel(name: "worse", price: 10, faults: [FaultModel(.wrongBytes(share: 0.12), at: 90)]),
            OrchestratorModel(
                name: "newcomer", price: 8, service: ServiceModel(pixelsPerSecond: 200_000_000, tailShare: 0),
                faults: [FaultModel(.crash, at: 0, lasts: 90)]),
        ])

    private func run(_ scenario: Scenario, strength: Double, seed: UInt64) throws -> RankedPolicy {
        let simulation = try Simulation(scenario)
        let world = World(scenario, seed: seed, drain: simulation.settings.drain, gpu: { GPU(vendor: "", model: $0, gpuClass: .consumer) })
        var run = SimulatedRun(
            world: world, policies: [RankedPolicy(seed: seed, strength: strength, span: 90)], settings: simulation.settings)
        run.carryOut(progress: nil)
        return try #require(run.policies.first as? RankedPolicy)
    }

    private func share(_ name: String, _ span: [OrchestratorID: Int]) -> Double {
        let all = span.values.reduce(0, +)
        return all > 0 ? Double(span.filter { $0.key.rawValue.contains(name) }.values.reduce(0, +)) / Double(all) : 0
    }

    @Test(arguments: [UInt64(1), 2])
    func aBetterNewcomerGainsAndAWorseIncumbentLoses(seed: UInt64) throws {
        let ranked = try run(Self.market, strength: 2, seed: seed)
        let spans = Array(ranked.shares.prefix(4))
        try #require(spans.count == 4)
        #expect(share("newcomer", spans[0]) == 0)
        // A fair share of five is 0.2, of four 0.25.
        #expect(share("newcomer", spans[3]) > 0.25, "\(spans)")
        #expect(share("newcomer", spans[3]) > share("newcomer", spans[1]) * 0.9)
        #expect(share("worse", spans[0]) > 0.15 && share("worse", spans[3]) < share("worse", spans[0]) / 2, "\(spans)")
        let ranking = ranked.ranking(at: Moment(seconds: 360))
        #expect(ranking.first?.key.orchestrator.rawValue.contains("newcomer") == true)
        #expect(ranking.last?.key.orchestrator.rawValue.contains("worse") == true)
    }

    /// With the ranking the same better one has more of the work than with routing alone.
    @Test func theScoreIsWhatMovesTheWork() throws {
        var with = 0.0
        var without = 0.0
        for seed in UInt64(1)...3 {
            for (place, strength) in [0.0, 2].enumerated() {
                let shares = try run(Self.market, strength: strength, seed: seed).shares
                let late = shares[2...].reduce(into: [OrchestratorID: Int]()) { $0.merge($1, uniquingKeysWith: +) }
                if place == 0 { without += share("worse", late) } else { with += share("worse", late) }
            }
        }
        #expect(with < without, "\(with) against \(without)")
    }
}
