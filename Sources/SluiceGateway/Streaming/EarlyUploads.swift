import SluiceTypes
import Synchronization

/// The way of segments to orchestrators, some of which are on it before they are cut: when such a segment is sent where it already went,
/// the sender gets what has come of that; when it is sent where it did not go, the early ways are given up.
final class EarlyUploads: SegmentTransport {
    private struct Key: Hashable {
        var stream: StreamID
        var sequence: SegmentSequence
    }

    private let transport: any SegmentTransport
    private let metrics: GatewayMetrics
    /// One segment of a stream is open, and the one before may still wait to be claimed. Of each there is a second one where the first
    /// failed or stood still.
    private let uploads: Mutex<[Key: [EarlyUpload]]> = Mutex([:])

    init(transport: any SegmentTransport, metrics: GatewayMetrics) {
        self.transport = transport
        self.metrics = metrics
    }

    /// - Parameter roundTrip: seconds to the orchestrator and back, where that is known.
    func begin(
        _ job: StreamedJob, at orchestrator: OrchestratorID, attempt: Int, roundTrip: Double, _ heard: @escaping EarlyUpload.Listener
    ) -> EarlyUpload {
        let upload = EarlyUpload(job: job, orchestrator: orchestrator, attempt: attempt, roundTrip: roundTrip, heard)
        uploads.withLock { $0[Key(stream: job.stream, sequence: job.sequence), default: []].append(upload) }
        metrics.earlyBegun.increment()
        return upload
    }

    func run(_ upload: EarlyUpload) async { await upload.run(over: transport) }

    /// Gives up what nobody will claim: one segment, or all of a stream.
    func forget(_ stream: StreamID, _ sequence: SegmentSequence? = nil) {
        let forgotten = uploads.withLock { uploads in
            let keys = uploads.keys.filter { $0.stream == stream && (sequence == nil || $0.sequence == sequence) }
            return keys.flatMap { uploads.removeValue(forKey: $0) ?? [] }
        }
        for upload in forgotten { upload.cancel() }
    }

    func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let key = Key(stream: job.segment.stream, sequence: job.segment.sequence)
        let early: EarlyUpload? = uploads.withLock { uploads in
            guard let place = uploads[key]?.firstIndex(where: { $0.orchestrator == orchestrator }) else { return nil }
            return uploads[key]?.remove(at: place)
        }
        guard let early, early.job.profiles == job.profiles, job.slice == nil, !early.isGivenUp else {
            early?.cancel()
            forget(job.segment.stream, job.segment.sequence)
            return transport.send(job, to: orchestrator)
        }
        // Where another has the segment too, one that stands still is not waited for any more.
        if uploads.withLock({ $0[key]?.isEmpty == false }) { early.failIfStillNow() }
        metrics.earlyClaimed.increment()
        return early.claim()
    }

    func stream(_ job: StreamedJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        transport.stream(job, to: orchestrator)
    }

    func end(_ stream: StreamID) async {
        forget(stream)
        await transport.end(stream)
    }
}
