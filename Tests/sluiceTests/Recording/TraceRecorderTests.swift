import Foundation
import Logging
import SluiceRouting
import SluiceSimulation
import SluiceTypes
import Testing

@testable import sluice

@Suite(.timeLimit(.minutes(1))) struct TraceRecorderTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let stream = StreamID("cam")

    private func withFile(_ body: (String) async throws -> Void) async throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-record-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: url) }
        try await body(url.path)
    }

    private func decisions(_ count: Int64) throws -> RecordedDecisions {
        var decisions = RecordedDecisions()
        for sequence in 0..<count { decisions.served(sequence, stream: try #require(stream)) }
        return decisions
    }

    private func recorded(_ decisions: RecordedDecisions, to path: String, largest: Int = 1 << 20) async throws {
        let recorder = try TraceRecorder(path: path, largest: largest, logger: Self.quiet)
        async let running: Void = recorder.run()
        for one in decisions.all { recorder.record(one.decision, one.facts) }
        recorder.finish()
        await running
    }

    @Test func whatALiveGatewayDidReplays() async throws {
        try await withFile { path in
            try await recorded(try decisions(10), to: path)
            let reading = try TraceReading(path: path)
            #expect(reading.records.count == 10 && reading.cut == nil)
            let first = try #require(reading.records.first)
            #expect(first.moment == 1 && first.bytes == 500_000 && first.duration == 2 && first.price == 1000)
            #expect(first.pixelRate == RecordedDecisions.pixelRate && first.renditions == 1 && first.failure == nil)
            for (span, seconds) in [(first.upload, 0.05), (first.work, 0.1), (first.firstByte, 0.02), (first.body, 0.03)] {
                #expect(abs((span ?? 0) - seconds) < 1e-6)
            }
            let found = try ScenarioSource.find(path)
            #expect(found.note == nil && found.scenario.check() == [])
            let run = try Simulation(found.scenario).run(seed: 1) { _, seed in RouterPolicy(settings: RoutingSettings(), seed: seed) }
            #expect(run.timelines.flatMap(\.segments).count == 10)
        }
    }

    @Test func aRecordingCutInTheMiddleReplaysUpToThere() async throws {
        try await withFile { path in
            try await recorded(try decisions(10), to: path)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.dropLast(60).write(toFile: path, atomically: true, encoding: .utf8)
            let found = try ScenarioSource.find(path)
            #expect(found.note?.contains("the trace is cut at line 10") == true, "\(found.note ?? "")")
            #expect(found.scenario.check() == [])
        }
    }

    @Test func aFullFileEndsTheRecordingAndNothingElse() async throws {
        try await withFile { path in
            try await recorded(try decisions(10), to: path, largest: 600)
            let reading = try TraceReading(path: path)
            #expect((1..<10).contains(reading.records.count) && reading.cut == nil)
        }
        #expect(throws: TraceError.self) { try TraceRecorder(path: "/nowhere/trace.jsonl", largest: 1, logger: Self.quiet) }
    }

    /// An orchestrator that a hedge overtook stood still, as far as anybody could see; the hedge that lost did not.
    @Test func theOvertakenStoodStillAndTheStoppedDidNot() throws {
        let stream = try #require(stream)
        var decisions = try decisions(8)
        decisions.segment(
            8, stream: stream,
            [(0, 0.05, .accepted), (0, 2.5, .accepted), (1, 2.6, .accepted), (1, 2.7, .rendition(place: 0)), (1, 2.7, .finished)])
        let last = try #require(decisions.all.last)
        #expect(last.decision.attempts.map(\.role) == [.primary, .hedge])
        let records = TraceRecord.all(of: last.decision, last.facts)
        #expect(records.map(\.failure) == [.timedOut, nil])
        decisions.segment(
            9, stream: stream, [(0, 0.05, .accepted), (0, 2.5, .accepted), (0, 2.6, .rendition(place: 0)), (0, 2.6, .finished)])
        let won = try #require(decisions.all.last)
        #expect(won.decision.attempts.map(\.role) == [.primary, .hedge])
        #expect(TraceRecord.all(of: won.decision, won.facts).map(\.failure) == [nil, .cancelled])
    }

    @Test func failuresKeepTheirReason() throws {
        var decisions = try decisions(1)
        decisions.segment(
            1, stream: try #require(stream),
            [
                (0, 0.1, .failed(SegmentFailure(.busy, "OrchestratorCapped"))), (1, 0.2, .accepted), (1, 0.3, .rendition(place: 0)),
                (1, 0.3, .finished),
            ])
        let last = try #require(decisions.all.last)
        let records = TraceRecord.all(of: last.decision, last.facts)
        #expect(records.map(\.failure) == [.capped, nil] && records.map(\.price) == [1000, 1000])
        #expect(Set(records.map(\.orchestrator)).count == 2)
    }
}

@Suite(.timeLimit(.minutes(1))) struct FileQueueTests {
    @Test func whatDoesNotFitIsCountedAndTheRestIsWrittenInOrder() async {
        let queue = FileQueue<Int>(capacity: 3)
        for value in 0..<5 { queue.offer(value) }
        queue.finish()
        #expect(queue.dropped == 2)
        await queue.drain { values in
            var seen: [Int] = []
            for await value in values { seen.append(value) }
            #expect(seen == [0, 1, 2])
        }
    }
}
