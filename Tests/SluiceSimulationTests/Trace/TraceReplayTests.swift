import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct TraceReplayTests {
    private func replay(_ records: [TraceRecord]) -> Scenario { TraceReplay.scenario(name: "recorded", of: records) }

    @Test func streamsStartAndEndAtTheirTimes() {
        let scenario = replay(RecordedStreams.two)
        #expect(scenario.streams.map(\.count) == [1, 1])
        // The first segment of "one" was cut at 5 s and lasted 2 s: the recording's time begins at 3 s.
        #expect(scenario.streams.map(\.start) == [0, 1])
        #expect(scenario.streams.map(\.segmentDuration) == [2, 2])
        #expect(scenario.streams.map(\.bitrate) == [2e6, 2e6])
        #expect(scenario.streams.map(\.end) == [nil, nil], "both are live to the end")
        #expect(scenario.duration > 21 && scenario.duration < 22)
        for group in scenario.streams {
            #expect(group.renditions.count == 2)
            #expect(abs(group.outputPixelRate / RecordedStreams.pixelRate - 1) < 0.001)
        }
    }

    @Test func aStreamThatEndsEarlyEndsAfterItsLastSegment() {
        let early = RecordedStreams.two.filter { $0.stream == "two" || $0.sequence < 4 }
        #expect(replay(early).streams.map(\.end) == [9, nil])
    }

    @Test func hedgesAreNoSegmentsOfTheirOwn() {
        let hedge = RecordedStreams.record(stream: "one", 3, at: 11.5, "paris", work: 0.1)
        #expect(replay(RecordedStreams.two + [hedge]).streams.map(\.bitrate) == [2e6, 2e6])
    }

    @Test func aReplayCanBeRun() {
        let failed = RecordedStreams.failure(.timedOut, at: 15, "paris")
        #expect(replay(RecordedStreams.two + [failed]).check() == [])
        #expect(replay([RecordedStreams.two[0]]).check() == [])
        #expect(replay([failed]).check() == [])
    }

    @Test func theOrderOfTheLinesDoesNotMatter() {
        let scenario = replay(RecordedStreams.two)
        let reversed = replay(RecordedStreams.two.reversed())
        #expect(reversed.streams.map(\.start) == scenario.streams.map(\.start))
        #expect(reversed.orchestrators.map(\.service) == scenario.orchestrators.map(\.service))
    }

    @Test func orchestratorsKeepTheirRecordedTimes() {
        let scenario = replay(RecordedStreams.two)
        #expect(scenario.orchestrators.map(\.name) == ["berlin", "paris"])
        let paris = scenario.orchestrators[1]
        #expect(paris.price == 1000 && paris.faults.isEmpty)
        let pixels = RecordedStreams.pixelRate * 2
        #expect(paris.service.recorded.count == 5)
        for sample in paris.service.recorded { #expect(abs(sample * pixels - 0.2) < 1e-9) }
        #expect(abs(paris.service.pixelsPerSecond * 0.2 / pixels - 1) < 1e-6)
        #expect(paris.service.jitter < 1e-6)
        #expect(paris.network.recorded == Array(repeating: 0.02, count: 5) && paris.network.roundTrip == 0.02)
        #expect(abs(paris.network.bandwidth / (500_000 * 8 / 0.03) - 1) < 1e-6)
    }

    @Test func samplesAreBounded() {
        let many = (0..<25_000).map { RecordedStreams.record(stream: "one", $0, at: Double($0) * 2, "berlin", work: 0.1) }
        let model = replay(many).orchestrators[0]
        #expect(model.service.recorded.count <= TraceReplay.mostSamples && model.service.recorded.count > TraceReplay.mostSamples / 2)
        #expect(model.network.recorded.count <= TraceReplay.mostSamples)
    }

    @Test func aTailIsATail() {
        var records = (0..<99).map { RecordedStreams.record(stream: "one", $0, at: Double($0) * 2, "berlin", work: 0.1) }
        records.append(RecordedStreams.record(stream: "one", 99, at: 198, "berlin", work: 1))
        let service = replay(records).orchestrators[0].service
        #expect(abs(service.tailShare - 0.01) < 1e-9 && abs(service.tailFactor - 10) < 1e-6)
    }

    @Test func failuresBecomeFaultsUntilTheNextSuccess() throws {
        // paris serves from 16 s on; before, it fails twice.
        let records =
            RecordedStreams.two + [
                RecordedStreams.failure(.unreachable, at: 9, "paris"), RecordedStreams.failure(.unreachable, at: 12, "paris"),
            ]
        let paris = try #require(replay(records).orchestrators.last)
        let fault = try #require(paris.faults.first)
        #expect(paris.faults.count == 1)
        #expect(fault.kind == .crash && fault.at == 6 && fault.lasts == 7 && fault.every == nil)
    }

    @Test(arguments: [
        (TraceRecord.Failure.timedOut, FaultModel.Kind.stall), (.busy, .busy), (.capped, .capped), (.sessionRefused, .refuseTokens),
        (.protocolViolation, .wrongBytes(share: 1)), (.transcodeFailed, .halfAnswer(share: 1)),
    ]) func everyFailureHasItsFault(failure: TraceRecord.Failure, kind: FaultModel.Kind) {
        let faults = replay(RecordedStreams.two + [RecordedStreams.failure(failure, at: 20, "paris")]).orchestrators[1].faults
        #expect(faults.map(\.kind) == [kind])
    }

    @Test(arguments: [TraceRecord.Failure.cancelled, .mediaUnusable]) func whatIsNobodysFaultIsNoFault(failure: TraceRecord.Failure) {
        #expect(replay(RecordedStreams.two + [RecordedStreams.failure(failure, at: 20, "paris")]).orchestrators[1].faults.isEmpty)
    }

    @Test func whoNeverComesBackStaysAwayToTheEnd() throws {
        let scenario = replay(RecordedStreams.two + [RecordedStreams.failure(.unreachable, at: 23.5, "lost-one")])
        let lost = try #require(scenario.orchestrators.first { $0.name == "lost-one" })
        let fault = try #require(lost.faults.first)
        #expect(fault.at == 20.5 && fault.at + (fault.lasts ?? 0) >= scenario.duration)
    }

    @Test func faultsAreBounded() {
        let records = (0..<200).flatMap { step in
            [
                RecordedStreams.failure(.unreachable, at: Double(step) * 4, "berlin"),
                RecordedStreams.record(stream: "one", step, at: Double(step) * 4 + 2, "berlin", work: 0.1),
            ]
        }
        let scenario = replay(records)
        #expect(scenario.orchestrators[0].faults.count <= Scenario.Bounds.faults && !scenario.orchestrators[0].faults.isEmpty)
        #expect(scenario.check() == [])
    }

    @Test func priceChangesAreKept() throws {
        var records = RecordedStreams.two
        for index in records.indices where records[index].orchestrator == "berlin" && records[index].moment >= 11 {
            records[index].price = 3000
        }
        let berlin = replay(records).orchestrators[0]
        let fault = try #require(berlin.faults.first)
        #expect(berlin.price == 1000 && berlin.faults.count == 1)
        #expect(fault.kind == .price(factor: 3) && fault.at == 8 && fault.lasts == nil)
    }

    @Test func theWorldDrawsFromTheSamples() throws {
        // Half of the work takes 0.1 s and half of it 1.6 s: no fit has such a distribution.
        let records = (0..<300).map {
            RecordedStreams.record(stream: "one", $0, at: Double($0) * 2, "berlin", work: $0 % 2 == 0 ? 0.1 : 1.6)
        }
        let record = try Simulation(replay(records)).run(seed: 1) { _, _ in ReferencePolicy() }
        let finishes = record.timelines.flatMap(\.segments).map(\.finish)
        let fast = finishes.count { $0 < 0.5 }
        let slow = finishes.count { $0 > 1.6 && $0 < 2 }
        #expect(finishes.count >= 295 && fast > 100 && slow > 100, "\(fast) fast, \(slow) slow of \(finishes.count)")
    }
}
