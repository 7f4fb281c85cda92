import SluiceTypes
import Synchronization

/// One publisher's time with a stream: its pipeline, and whether it still sends.
final class LiveStream: Sendable {
    let origin: PublishRequest.Origin
    /// For playing by RTMP.
    let key: String?
    let pipeline: StreamPipeline
    /// What a model is to make of it.
    let liveVideo: LiveVideoStream?
    /// Its segments while they are cut, for those who want them so.
    let feeds: LiveVideoFeeds?
    let evict: @Sendable (Eviction) -> Void
    /// Where pushed segments get their order; nobody stands there when the stream comes by RTMP.
    let line: PushLine
    private let heard: Mutex<ContinuousClock.Instant>
    private let lost = Atomic<Bool>(false)

    init(
        origin: PublishRequest.Origin, key: String?, pipeline: StreamPipeline, liveVideo: LiveVideoStream? = nil,
        feeds: LiveVideoFeeds? = nil, settings: GatewaySettings,
        evict: @escaping @Sendable (Eviction) -> Void
    ) {
        self.origin = origin
        self.key = key
        self.pipeline = pipeline
        self.liveVideo = liveVideo
        self.feeds = feeds
        self.line = PushLine(pipeline: pipeline, settings: settings)
        self.evict = evict
        self.heard = Mutex(.now)
    }

    func hear(at now: ContinuousClock.Instant = .now) {
        heard.withLock { $0 = now }
    }

    /// Its publisher has vanished. To be called before the pipeline is finished.
    func lose() { lost.store(true, ordering: .releasing) }

    var isLost: Bool { lost.load(ordering: .acquiring) }

    func silence(at now: ContinuousClock.Instant) -> Duration {
        heard.withLock { $0.duration(to: now) }
    }
}
