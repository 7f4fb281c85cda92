import SluiceSimulation
import Testing

@Suite struct ScenarioCheckTests {
    private let good = Scenario(
        name: "good", streams: [StreamGroup(count: 2)],
        orchestrators: [OrchestratorModel(name: "a", count: 2, faults: [FaultModel(.stall, at: 1, lasts: 1, every: 5)])])

    private func faults(_ change: (inout Scenario) -> Void) -> [String] {
        var scenario = good
        change(&scenario)
        return scenario.check().map(\.description)
    }

    @Test func aGoodOneHasNoFaults() { #expect(faults { _ in } == []) }

    @Test func faultsNamePathValueAndRange() {
        #expect(faults { $0.orchestrators[0].service.lanes = -3 } == ["orchestrators[0].service.lanes is -3; it must be 1 to 10000"])
        #expect(faults { $0.duration = .infinity }.first == "duration is inf; it must be 0.5 to 604800.0 seconds")
        #expect(faults { $0.streams[0].segmentDuration = 0.1 } == ["streams[0].segmentDuration is 0.1; it must be 0.5 to 10.0 seconds"])
        #expect(faults { $0.streams = [] } == ["streams is empty; it must be a list of at least one"])
        #expect(
            faults { $0.streams[0].renditions[1].width = 0 } == ["streams[0].renditions[1].width is 0; it must be 16 to 16384 pixels"])
        #expect(
            faults { $0.orchestrators[0].faults[0].kind = .slow(factor: 0.5) }
                == ["orchestrators[0].faults[0].factor is 0.5; it must be 1.0 to 10000.0"])
    }

    /// A hole in the arithmetic is refused, not only what is out of range.
    @Test func whatIsNoNumberIsRefused() {
        #expect(
            faults { $0.orchestrators[0].price = .nan } == [
                "orchestrators[0].price is nan; it must be 0.0 to 1000000000000.0 wei per pixel"
            ])
        #expect(faults { $0.uplinkBitsPerSecond = .nan }.count == 1)
        #expect(faults { $0.orchestrators[0].faults[0].kind = .loss(share: .nan) }.count == 1)
        #expect(faults { $0.streams[0].end = .nan }.count == 1)
    }

    @Test func recordedSamplesAreTimes() {
        #expect(
            faults { $0.orchestrators[0].network.recorded = [0.1, -0.1, -0.2] }
                == ["orchestrators[0].network.recorded[1] is -0.1; it must be 0.0 to 60.0 seconds"])
        #expect(
            faults { $0.orchestrators[0].service.recorded = [1e-8, .nan] }
                == ["orchestrators[0].service.recorded[1] is nan; it must be 0.0 to 1.0 seconds"])
    }

    @Test func pricesMayBeZeroNotNegative() {
        #expect(faults { $0.orchestrators[0].price = 0 } == [])
        #expect(faults { $0.orchestrators[0].price = -1 }.count == 1)
    }

    @Test func aFaultThatComesAgainHasAnEndBeforeThat() {
        #expect(
            faults { $0.orchestrators[0].faults[0].lasts = 6 }
                == ["orchestrators[0].faults[0].lasts is 6.0; it must be no longer than the 5.0 seconds from one beginning to the next"])
        #expect(
            faults { $0.orchestrators[0].faults[0].lasts = nil }
                == ["orchestrators[0].faults[0].lasts is missing; it must be a number of seconds, since the fault comes again every 5.0"])
    }

    @Test func namesAreTakenOnce() {
        #expect(
            faults { $0.orchestrators.append(OrchestratorModel(name: "a-2")) }
                == ["orchestrators[1].name is a-2; it must be a name that no other orchestrator has"])
    }

    @Test func aScenarioThatFillsTheMemoryIsRefused() {
        let found = faults {
            $0.duration = 600_000
            $0.streams[0].count = 1000
        }
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("streams is 300000000 segments together") == true)
    }
}
