import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct RunFiguresTests {
    @Test(arguments: [(0.0, 1), (0.25, 1), (0.26, 2), (0.5, 2), (0.95, 4), (1.0, 4)])
    func aQuantileIsTheSmallestValueThatCoversTheShare(share: Double, value: Int64) {
        #expect(Ledger.quantile([1, 2, 3, 4], share) == value)
        #expect(Ledger.quantile([], share) == 0)
    }

    /// Without chance: five segments of 2 s at one orchestrator that works 4 s on each costs deadlines, not segments.
    @Test func missesAndLossesAreCountedFromTheCut() throws {
        let service = ServiceModel(fixed: 4, jitter: 0, tailShare: 0, coldStart: 0, lanes: 8, queuedPerSession: 100)
        let scenario = Scenario(
            name: "slow", duration: 10, streams: [StreamGroup(count: 1, startsOver: 0)],
            orchestrators: [OrchestratorModel(name: "a", price: 1, service: service, network: NetworkModel(jitter: 0))])
        let record = try Simulation(scenario).run(seed: 1) { _, _ in ScriptedPolicy(targets: [OrchestratorID("a")]) }
        // The first takes 4.2 s; each of the others waits 2.13 s longer than the one before.
        #expect(record.figures.segments == 5)
        #expect(record.figures.misses == 5)
        #expect(record.figures.lost == 3)
        #expect(record.figures.swaps == 0)
        #expect(record.figures.extraWork == 0)
        #expect(record.figures.cost == 5 * 19_958_400)
        #expect(record.figures.load == ["a": 5])
        #expect(abs(record.figures.p50Ms - 8471) < 1)
        #expect(abs((record.orchestrators.first?.work ?? 0) - 5 * 4.133056) < 1e-6)
    }

    @Test func recoveryCountsFromTheFaultToTheLastSegmentThatMissed() throws {
        let service = ServiceModel(jitter: 0, tailShare: 0, coldStart: 0)
        let scenario = Scenario(
            name: "stall", duration: 60, streams: [StreamGroup(count: 1, startsOver: 0)],
            orchestrators: [
                OrchestratorModel(
                    name: "a", service: service, network: NetworkModel(jitter: 0),
                    faults: [FaultModel(.stall, at: 9.9, lasts: 6, every: 30)])
            ])
        let record = try Simulation(scenario).run(seed: 1) { _, _ in ScriptedPolicy(targets: [OrchestratorID("a")]) }
        // Stalls from 9.9 s to 15.9 s and from 39.9 s to 45.9 s. Of the segments cut at 10, 12 and 14 s the first two miss.
        #expect(record.figures.misses == 4)
        let finish = try #require(record.timelines.first?.segments[5].finish)
        #expect(abs(record.figures.recoveryMs - (12 + finish - 9.9) * 1000) < 1e-6)
    }

    @Test func extraWorkCountsAttemptsBeyondOne() throws {
        let scenario = Scenario(
            name: "twice", duration: 20, streams: [StreamGroup(count: 1, startsOver: 0)],
            orchestrators: [OrchestratorModel(name: "a"), OrchestratorModel(name: "b"), OrchestratorModel(name: "c")])
        let record = try Simulation(scenario).run(seed: 1) { _, _ in
            ScriptedPolicy(targets: ["a", "b", "c"].map { OrchestratorID($0) })
        }
        #expect(record.figures.extraWork == 2)
    }

    // MARK: Seeds

    private func figures(_ change: (inout RunFigures) -> Void) -> RunFigures {
        var figures = RunFigures()
        change(&figures)
        return figures
    }

    @Test func countsAreSummedAndTimesAveraged() {
        let summary = RunSummary([
            figures {
                $0.segments = 10
                $0.misses = 2
                $0.p50Ms = 100
                $0.cost = 5
                $0.extraWork = 0.1
                $0.load = ["a": 1, "b": 2]
            },
            figures {
                $0.segments = 10
                $0.misses = 4
                $0.p50Ms = 300
                $0.cost = 7
                $0.extraWork = 0.3
                $0.load = ["a": 3]
            },
        ])
        #expect(summary.seeds == 2)
        #expect(summary.figures.segments == 20)
        #expect(summary.figures.misses == 6)
        #expect(summary.figures.p50Ms == 200)
        #expect(summary.figures.cost == 12)
        #expect(summary.figures.extraWork == 0.2)
        #expect(summary.figures.load == ["a": 4, "b": 2])
        #expect(summary[.misses].value == 6)
    }

    @Test func confidenceIsStudents() {
        // Deviation 1 over three seeds: 4.303 / sqrt 3 for the mean, three times that for the sum.
        let runs = [1, 2, 3].map { number in
            figures {
                $0.p99Ms = Double(number)
                $0.misses = number
            }
        }
        let summary = RunSummary(runs)
        #expect(abs(summary[.p99Ms].halfWidth - 4.303 / 3.0.squareRoot()) < 1e-12)
        #expect(abs(summary[.misses].halfWidth - 3 * 4.303 / 3.0.squareRoot()) < 1e-12)
        #expect(summary[.segments].halfWidth == 0)
    }

    @Test func oneSeedSaysNothingOfConfidenceAndNoneNothingAtAll() {
        #expect(RunSummary([figures { $0.p50Ms = 7 }])[.p50Ms] == .init(value: 7, halfWidth: 0))
        #expect(RunSummary([])[.p50Ms] == .init(value: 0, halfWidth: 0))
    }

    @Test(arguments: [(1, 12.706), (10, 2.228), (30, 2.042), (40, 2.021), (100, 1.984), (1000, 1.962)])
    func studentsQuantilesAreThoseOfTheBooks(degrees: Int, quantile: Double) {
        #expect(abs(RunSummary.studentT(degreesOfFreedom: degrees) - quantile) < 0.005)
    }
}
