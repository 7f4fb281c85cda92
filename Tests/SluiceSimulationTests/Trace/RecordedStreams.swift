import SluiceTypes

@testable import SluiceSimulation

/// A small recording: two streams of 2 s segments over 20 s, on two orchestrators.
enum RecordedStreams {
    static let pixelRate = 9_979_200.0

    static var two: [TraceRecord] {
        (0..<10).flatMap { sequence in
            [
                record(stream: "one", sequence, at: 5 + Double(sequence) * 2, "berlin", work: 0.1 + Double(sequence) * 0.01),
                record(stream: "two", sequence, at: 6 + Double(sequence) * 2, sequence < 5 ? "berlin" : "paris", work: 0.2),
            ]
        }
    }

    static func record(stream: String, _ sequence: Int, at moment: Double, _ orchestrator: String, work: Double) -> TraceRecord {
        TraceRecord(
            moment: moment, stream: StreamID(stream)!, sequence: SegmentSequence(Int64(sequence)),
            orchestrator: OrchestratorID(orchestrator),
            bytes: 500_000, duration: 2, pixelRate: pixelRate, renditions: 2, upload: 0.05, work: work, firstByte: 0.02, body: 0.04,
            price: 1000)
    }

    static func failure(_ failure: TraceRecord.Failure, at moment: Double, _ orchestrator: String, stream: String = "one") -> TraceRecord {
        var record = record(stream: stream, Int(moment), at: moment, orchestrator, work: 0)
        record.upload = nil
        record.work = nil
        record.firstByte = nil
        record.body = nil
        record.failure = failure
        return record
    }
}
