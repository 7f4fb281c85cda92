import SluiceTypes
import Synchronization

/// The way of segments to orchestrators, some of which are on it before they are cut: when such a segment is sent where it already went,
/// the sender gets what has come of that; when it is sent elsewhere, the early way is given up.
final class EarlyUploads: SegmentTransport {
    private struct Key: Hashable {
        var stream: StreamID
        var sequence: SegmentSequence
    }

    private let transport: any SegmentTransport
    private let metrics: GatewayMetrics
    /// One of a stream is open, and the one before may still wait to be claimed.
    private let uploads: Mutex<[Key: EarlyUpload]> = Mutex([:])

    init(transport: any SegmentTransport, metrics: GatewayMetrics) {
        self.transport = transport
        self.metrics = metrics
    }

    func begin(
        _ job: StreamedJob, at orchestrator: OrchestratorID, attempt: Int, _ heard: @escaping EarlyUpload.Listener
    ) -> EarlyUpload {
        let upload = EarlyUpload(job: job, orchestrator: orchestrator, attempt: attempt, heard)
        let replaced = uploads.withLock { $0.updateValue(upload, forKey: Key(stream: job.stream, sequence: job.sequence)) }
        replaced?.cancel()
        metrics.earlyBegun.increment()
        return upload
    }

    func run(_ upload: EarlyUpload) async { await upload.run(over: transport) }

    /// Gives up what nobody will claim: one segment, or all of a stream.
    func forget(_ stream: StreamID, _ sequence: SegmentSequence? = nil) {
        let forgotten = uploads.withLock { uploads in
            let keys = uploads.keys.filter { $0.stream == stream && (sequence == nil || $0.sequence == sequence) }
            return keys.compactMap { uploads.removeValue(forKey: $0) }
        }
        for upload in forgotten { upload.cancel() }
    }

    func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let key = Key(stream: job.segment.stream, sequence: job.segment.sequence)
        guard let early = uploads.withLock({ $0.removeValue(forKey: key) }) else { return transport.send(job, to: orchestrator) }
        let isMeant = early.orchestrator == orchestrator && early.job.profiles == job.profiles && job.slice == nil
        guard isMeant, !early.isGivenUp else {
            early.cancel()
            return transport.send(job, to: orchestrator)
        }
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
