import Logging
import SluiceRouting
import SluiceSimulation
import SluiceTypes

/// Records what a live gateway's routing did, as a trace that `sluice simulate` replays (`--record FILE`).
final class TraceRecorder: Sendable {
    /// Half a minute of a thousand streams with 2 s segments, while the disk is slow.
    private static let mostWaiting = 16_384

    private let queue = FileQueue<[TraceRecord]>(capacity: mostWaiting)
    private let path: String
    private let largest: Int
    private let logger: Logger

    /// - Throws: `TraceError` when the file cannot be made.
    init(path: String, largest: Int, logger: Logger) throws {
        // Now, so that a wrong path ends the start and not the recording.
        try TraceWriter(path: path).close()
        self.path = path
        self.largest = largest
        self.logger = logger
    }

    func record(_ decision: RouteDecision, _ facts: SegmentFacts) { queue.offer(TraceRecord.all(of: decision, facts)) }

    func finish() { queue.finish() }

    /// Writes until `finish`. A disk or a file that is full ends the recording, not the gateway.
    func run() async {
        await queue.drain { [path, largest, logger] values in
            do {
                var writer = try TraceWriter(path: path, largest: largest)
                for await records in values {
                    for record in records { try writer.write(record) }
                }
                try writer.close()
            } catch {
                logger.warning("recording ended", metadata: ["reason": "\(error)"])
                for await _ in values {}
            }
        }
        let dropped = queue.dropped
        if dropped > 0 {
            logger.warning("recording incomplete", metadata: ["file": "\(path)", "segments left out": "\(dropped)"])
        }
    }
}

extension TraceRecord {
    /// The attempts of a decision that say something of their orchestrator. One that was asked for a part of the renditions only says
    /// too little.
    static func all(of decision: RouteDecision, _ facts: SegmentFacts) -> [TraceRecord] {
        let pixels = facts.outputPixelRate * facts.duration
        return decision.attempts.compactMap { attempt in
            let known = decision.considered.first { $0.orchestrator == attempt.orchestrator }?.weiPerPixel
            let price = known ?? (pixels > 0 ? attempt.cost / pixels : 0)
            var failure: Failure?
            switch attempt.result {
            case .running: return nil
            case .won, .finished:
                guard attempt.times.total != nil else { return nil }
            case .aborted: failure = isOvertaken(attempt, decision) ? .timedOut : .cancelled
            case .failed(let reason): failure = Failure(reason)
            }
            let times = attempt.times
            return TraceRecord(
                moment: max(0, attempt.sent.seconds), stream: facts.stream, sequence: facts.sequence, orchestrator: attempt.orchestrator,
                bytes: facts.byteCount, duration: facts.duration, pixelRate: facts.outputPixelRate, renditions: facts.renditions,
                upload: times.upload, work: times.work, firstByte: times.firstByte, body: times.body, failure: failure,
                price: min(price, mostWei))
        }
    }

    /// What a reader of traces takes for possible.
    private static let mostWei = 1e12

    /// It was stopped for being late: a hedge stood beside it, or the segment was given up. One that was stopped because it was the
    /// hedge, or because the stream ended, was not.
    private static func isOvertaken(_ attempt: RouteDecision.Attempt, _ decision: RouteDecision) -> Bool {
        guard attempt.role != .canary else { return false }
        if let failure = decision.failure { return failure.reason != .cancelled }
        return decision.attempts.contains { $0.role == .hedge && $0.sent > attempt.sent }
    }
}
