import SluiceTypes
import Synchronization

/// One publisher's time with a stream: its pipeline, and whether it still sends.
final class LiveStream: Sendable {
    let origin: PublishRequest.Origin
    let pipeline: StreamPipeline
    let evict: @Sendable (Eviction) -> Void
    /// Added to a pushed segment's number, so that a pusher who starts again at 0 goes on behind what was there.
    let sequenceOffset: Int64
    private let heard: Mutex<ContinuousClock.Instant>

    init(
        origin: PublishRequest.Origin, pipeline: StreamPipeline, sequenceOffset: Int64 = 0,
        evict: @escaping @Sendable (Eviction) -> Void
    ) {
        self.origin = origin
        self.pipeline = pipeline
        self.sequenceOffset = sequenceOffset
        self.evict = evict
        self.heard = Mutex(.now)
    }

    func hear(at now: ContinuousClock.Instant = .now) {
        heard.withLock { $0 = now }
    }

    func silence(at now: ContinuousClock.Instant) -> Duration {
        heard.withLock { $0.duration(to: now) }
    }
}
