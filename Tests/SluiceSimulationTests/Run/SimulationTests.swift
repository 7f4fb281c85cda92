import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct SimulationTests {
    /// Five that differ, with a fault of every kind among them.
    static let chaos = Scenario(
        name: "chaos", duration: 120, gateways: 3,
        streams: [StreamGroup(count: 12, startsOver: 10), StreamGroup(count: 6, segmentDuration: 1, start: 5, end: 100)],
        orchestrators: [
            OrchestratorModel(name: "stalls", price: 1, faults: [FaultModel(.stall, at: 10, lasts: 10, every: 30)]),
            OrchestratorModel(
                name: "crashes", price: 2,
                faults: [
                    FaultModel(.crash, at: 15, lasts: 5, every: 40), FaultModel(.crashDuring(.upload), at: 27, lasts: 2),
                    FaultModel(.crashDuring(.transcode), at: 60, lasts: 2), FaultModel(.crashDuring(.download), at: 80, lasts: 2),
                ]),
            OrchestratorModel(
                name: "lies", price: 3,
                faults: [FaultModel(.halfAnswer(share: 0.1), at: 0), FaultModel(.wrongBytes(share: 0.1), at: 20, lasts: 50)]),
            OrchestratorModel(
                name: "full", service: ServiceModel(lanes: 2, sessions: 6, queuedPerSession: 1),
                faults: [FaultModel(.busy, at: 40, lasts: 3), FaultModel(.capped, at: 60, lasts: 20)]),
            OrchestratorModel(
                name: "poor", network: NetworkModel(roundTrip: 0.1, bandwidth: 20_000_000, loss: 0.05),
                faults: [FaultModel(.refuseTokens, at: 30, lasts: 10), FaultModel(.slow(factor: 4), at: 70, lasts: 20)]),
        ], uplinkBitsPerSecond: 50_000_000)

    private func run(
        _ scenario: Scenario = chaos, seed: UInt64 = 1, policy: Simulation.PolicyFactory = { _, _ in ReferencePolicy() }
    ) throws -> RunRecord {
        try Simulation(scenario).run(seed: seed, policy: policy)
    }

    /// Everything of a run that can be compared.
    private func fingerprint(_ record: RunRecord) -> [AnyHashable] {
        [record.figures, record.finishCurve, record.orchestrators, record.events, record.timelines.map(\.segments)]
    }

    @Test func oneSeedGivesOneRun() throws {
        #expect(try fingerprint(run()) == fingerprint(run()))
        #expect(try fingerprint(run(seed: 2)) != fingerprint(run(seed: 3)))
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func everyAttemptEndsOnceAndInOrder(seed: UInt64) throws {
        let record = Protocol()
        let result = try run(seed: seed) { _, _ in RecordingPolicy(inner: ReferencePolicy(), record: record) }
        #expect(result.policyFaults == [])
        struct Name: Hashable {
            var stream: StreamID
            var sequence: SegmentSequence
            var attempt: AttemptID
        }
        let lives = Dictionary(grouping: record.lines) { Name(stream: $0.stream, sequence: $0.sequence, attempt: $0.attempt) }
        #expect(lives.count > 700)
        #expect(result.orchestrators.reduce(0) { $0 + $1.attempts } == lives.count)
        var stray: [String] = []
        for (name, life) in lives where !Self.isWhole(life) { stray.append("\(name): \(life.map(\.what))") }
        #expect(stray == [])
        let times = record.lines.map(\.at)
        #expect(times == times.sorted())
        // The scenario is worth its name.
        let reasons = Set(record.lines.compactMap { if case .heard(.failed(let failure)) = $0.what { failure.detail } else { nil } })
        #expect(reasons.count >= 6, "\(reasons)")
    }

    /// Sent once, each step after the ones it needs, and one last event.
    private static func isWhole(_ life: [Protocol.Line]) -> Bool {
        guard case .sent = life.first?.what, let last = life.last?.what else { return false }
        switch last {
        case .aborted, .heard(.finished), .heard(.failed): break
        case .sent, .heard: return false
        }
        let steps: [Int] = life.map { line in
            switch line.what {
            case .sent: 0
            case .heard(.accepted): 1
            case .heard(.transcoded): 2
            case .heard(.firstByte): 3
            case .heard(.rendition): 4
            case .heard(.finished), .heard(.failed), .aborted: 5
            }
        }
        let renditions = life.compactMap { if case .heard(.rendition(let place)) = $0.what { place } else { nil } }
        return steps == steps.sorted() && steps.count { $0 == 5 } == 1 && steps.count { $0 == 0 } == 1
            && Set(renditions).count == renditions.count && (last != .heard(.finished) || renditions.count == 2)
    }

    @Test func everySegmentIsCountedOnce() throws {
        let record = try run()
        // 12 streams over 10 s with segments of 2 s, 6 over 2 s that run from 5 s to 100 s with segments of 1 s.
        let long = (0..<12).reduce(0) { $0 + Int((120 - 10 * Double($1) / 12) / 2) }
        let short = (0..<6).reduce(0) { $0 + Int(95 - 2 * Double($1) / 6) }
        #expect(record.figures.segments == long + short)
        let served = record.orchestrators.reduce(0) { $0 + $1.served }
        #expect(served + record.timelines.flatMap(\.segments).count { $0.orchestrator == nil } == record.figures.segments)
        #expect(record.figures.load.values.reduce(0, +) == served)
        #expect(record.orchestrators.allSatisfy { $0.servedOverTime.reduce(0, +) == $0.served })
        #expect(record.finishCurve.last?.ms ?? 0 >= record.figures.p99Ms)
        let outcomes = record.timelines.flatMap(\.segments)
        #expect(outcomes.count { $0.missed } == record.figures.misses)
        #expect(outcomes.count { $0.lost } == record.figures.lost)
        #expect(record.figures.misses >= record.figures.lost)
    }

    /// The same segment takes the same time at the same place, whatever else the policy does.
    @Test func twoPoliciesMeetTheSameWorld() throws {
        let scenario = Scenario(
            name: "two", duration: 60, streams: [StreamGroup(count: 3)],
            orchestrators: [OrchestratorModel(name: "a"), OrchestratorModel(name: "b", faults: [FaultModel(.stall, at: 20, lasts: 5)])])
        func times(_ targets: [String], number: Int) throws -> [String: Int64] {
            let record = Protocol()
            _ = try run(scenario) { _, _ in
                RecordingPolicy(inner: ScriptedPolicy(targets: targets.map { OrchestratorID($0) }), record: record)
            }
            var times: [String: Int64] = [:]
            for line in record.lines where line.attempt.rawValue == number {
                if case .heard(let event) = line.what { times["\(line.stream) \(line.sequence) \(event)"] = line.at }
            }
            return times
        }
        let alone = try times(["b"], number: 0)
        #expect(alone.count == 3 * 30 * 6 - 2 * 6)
        #expect(try times(["b", "a"], number: 0) == alone)
        #expect(try times(["a", "b"], number: 1) == alone)
        #expect(try times(["a"], number: 0) != alone)
    }

    @Test func aPolicyThatBreaksItsSideIsNamed() throws {
        let scenario = Scenario(
            name: "broken", duration: 10, streams: [StreamGroup(count: 1, startsOver: 0)], orchestrators: [OrchestratorModel(name: "a")])
        let record = try run(scenario) { _, _ in ScriptedPolicy(targets: [OrchestratorID("a")], misbehaves: true) }
        #expect(record.figures.segments == 5)
        #expect(record.figures.lost == 5)
        // Once at the start; then, for each segment, an abort, a number used twice, an end too early and a second end.
        #expect(record.policyFaultCount == 1 + 4 * 5)
        #expect(record.policyFaults.count == 20)
        #expect(record.policyFaults[0] == "the policy asks nobody, which is not in the scenario")
        #expect(record.policyFaults[1] == "the policy aborts attempt 99 of segment 0 of stream-1, which is not under way")
    }

    @Test func segmentsNobodyEndsAreLostWhenTheWorldEnds() throws {
        let scenario = Scenario(
            name: "silent", duration: 10, streams: [StreamGroup(count: 1, startsOver: 0)],
            orchestrators: [OrchestratorModel(name: "a", faults: [FaultModel(.stall, at: 5)])])
        let record = try Simulation(scenario, settings: RunSettings(drain: 30)).run(seed: 1) { _, _ in
            ScriptedPolicy(targets: [OrchestratorID("a")])
        }
        // Cut at 2, 4, 6, 8 and 10 s.
        #expect(record.figures.lost == 3)
        #expect(record.timelines[0].segments.map(\.lost) == [false, false, true, true, true])
        #expect(record.timelines[0].segments[2].finish == 34)
        #expect(record.figures.p99Ms == 34_000)
        #expect(record.figures.recoveryMs == 35_000)
    }

    @Test func progressGoesFromTheStartToTheEnd() throws {
        var shares: [Double] = []
        _ = try Simulation(Self.chaos).run(seed: 1, policy: { _, _ in ReferencePolicy() }, progress: { shares.append($0) })
        #expect(shares.count > 50 && shares.count < 110)
        #expect(shares == shares.sorted())
        #expect(shares.last == 1)
    }

    @Test func everyGatewayHasAPolicyAndASeedOfItsOwn() throws {
        var seeds: [Int: UInt64] = [:]
        _ = try run { gateway, seed in
            seeds[gateway] = seed
            return ReferencePolicy()
        }
        #expect(seeds.keys.sorted() == [0, 1, 2])
        #expect(Set(seeds.values).count == 3)
    }

    @Test func anImpossibleScenarioIsRefused() {
        var scenario = Self.chaos
        scenario.orchestrators[1].service.lanes = 0
        #expect {
            _ = try Simulation(scenario)
        } throws: { error in
            "\(error)" == "scenario chaos cannot be run: orchestrators[1].service.lanes is 0; it must be 1 to 10000"
        }
    }
}
