import SluiceTypes
import Synchronization

/// The way of segments to orchestrators, some of which are on it before they are cut: when such a segment is sent where it already went,
/// the sender gets what has come of that; when it is sent where it did not go, the early ways are given up.
final class EarlyUploads: SegmentTransport {
    private struct Key: Hashable {
        var stream: StreamID
        var sequence: SegmentSequence
    }

    /// A segment that went out early, for those who get it after the cut.
    private struct Origin {
        var job: StreamedJob
        var reached: @Sendable () -> [Int64?]
    }

    private let transport: any SegmentTransport
    private let metrics: GatewayMetrics
    private let takesStreamed: @Sendable (OrchestratorID) -> Bool
    /// Until nothing is sent of them any more.
    private let origins: Mutex<[Key: Origin]> = Mutex([:])
    /// One segment of a stream is open, and the one before may still wait to be claimed. Of each there is a second one where the first
    /// failed or stood still.
    private let uploads: Mutex<[Key: [EarlyUpload]]> = Mutex([:])

    /// - Parameter takesStreamed: whether an orchestrator takes streamed segments.
    init(
        transport: any SegmentTransport, metrics: GatewayMetrics, takesStreamed: @escaping @Sendable (OrchestratorID) -> Bool
    ) {
        self.transport = transport
        self.metrics = metrics
        self.takesStreamed = takesStreamed
    }

    /// - Parameter reached: for each rendition, how far it has come to viewers.
    func announce(_ job: StreamedJob, reached: @escaping @Sendable () -> [Int64?]) {
        origins.withLock { $0[Key(stream: job.stream, sequence: job.sequence)] = Origin(job: job, reached: reached) }
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
        origins.withLock { origins in
            if let sequence {
                origins[Key(stream: stream, sequence: sequence)] = nil
            } else {
                origins = origins.filter { $0.key.stream != stream }
            }
        }
    }

    func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let key = Key(stream: job.segment.stream, sequence: job.segment.sequence)
        let early: EarlyUpload? = uploads.withLock { uploads in
            guard let place = uploads[key]?.firstIndex(where: { $0.orchestrator == orchestrator }) else { return nil }
            return uploads[key]?.remove(at: place)
        }
        guard let early, early.job.profiles == job.profiles, job.slice == nil, !early.isGivenUp else {
            early?.cancel()
            for other in uploads.withLock({ $0.removeValue(forKey: key) }) ?? [] { other.cancel() }
            return again(job, key, to: orchestrator)
        }
        // Where another has the segment too, one that stands still is not waited for any more.
        if uploads.withLock({ $0[key]?.isEmpty == false }) { early.failIfStillNow() }
        metrics.earlyClaimed.increment()
        return early.claim()
    }

    /// Viewers have the beginning of it already: whoever can begins anew where they are.
    private func again(_ job: SegmentJob, _ key: Key, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        guard let origin = origins.withLock({ $0[key] }), origin.job.profiles == job.profiles, job.slice == nil,
            origin.job.feed.hash != nil, takesStreamed(orchestrator)
        else { return transport.send(job, to: orchestrator) }
        let reached = origin.reached()
        guard reached.contains(where: { $0 != nil }) else { return transport.send(job, to: orchestrator) }
        return transport.stream(origin.job.beginningAnew(after: reached), to: orchestrator)
    }

    func stream(_ job: StreamedJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        transport.stream(job, to: orchestrator)
    }

    func end(_ stream: StreamID) async {
        forget(stream)
        await transport.end(stream)
    }
}
