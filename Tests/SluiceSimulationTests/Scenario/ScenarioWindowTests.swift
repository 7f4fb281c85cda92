import Testing

@testable import SluiceSimulation

@Suite struct ScenarioWindowTests {
    private func faults(_ fault: FaultModel, from seconds: Double) -> [FaultModel] {
        let scenario = Scenario(
            name: "window", duration: 600, streams: [StreamGroup(count: 1)],
            orchestrators: [OrchestratorModel(name: "a", faults: [fault])])
        return scenario.starting(at: seconds).orchestrators[0].faults
    }

    @Test func whatIsToComeComesSooner() {
        #expect(faults(FaultModel(.stall, at: 30, lasts: 10, every: 60), from: 20) == [FaultModel(.stall, at: 10, lasts: 10, every: 60)])
    }

    @Test func whatIsUnderWayBeginsAtOnce() {
        #expect(faults(FaultModel(.busy, at: 30, lasts: 10), from: 34) == [FaultModel(.busy, at: 0, lasts: 6)])
        #expect(faults(FaultModel(.busy, at: 30), from: 34) == [FaultModel(.busy, at: 0)])
        let again = faults(FaultModel(.stall, at: 30, lasts: 10, every: 60), from: 95)
        #expect(again == [FaultModel(.stall, at: 0, lasts: 5), FaultModel(.stall, at: 55, lasts: 10, every: 60)])
    }

    @Test func whatIsOverIsLeftOut() {
        #expect(faults(FaultModel(.busy, at: 30, lasts: 10), from: 40).isEmpty)
        let again = faults(FaultModel(.stall, at: 30, lasts: 10, every: 60), from: 45)
        #expect(again == [FaultModel(.stall, at: 45, lasts: 10, every: 60)])
    }

    @Test func streamsKeepTheirEnds() {
        let groups = [
            StreamGroup(count: 1, startsOver: 10), StreamGroup(count: 2, start: 60, startsOver: 20, end: 240),
            StreamGroup(count: 3, start: 0, end: 100), StreamGroup(count: 4, start: 200, startsOver: 20),
        ]
        let scenario = Scenario(
            name: "window", duration: 600, streams: groups, orchestrators: [OrchestratorModel(name: "a")]
        ).starting(at: 100)
        #expect(scenario.duration == 500)
        #expect(scenario.streams.map(\.count) == [1, 2, 4])
        #expect(scenario.streams.map(\.start) == [0, 0, 100])
        #expect(scenario.streams.map(\.startsOver) == [0, 0, 20])
        #expect(scenario.streams.map(\.end) == [nil, 140, nil])
        #expect(scenario.check().isEmpty)
    }
}
