import SluiceRouting
import SluiceTypes

/// Decisions as a live gateway makes them, on virtual time.
struct RecordedDecisions {
    private var router: SegmentRouter
    private var now = Moment(seconds: 1)
    private(set) var all: [(decision: RouteDecision, facts: SegmentFacts)] = []

    static let pixelRate = 10_000_000.0

    init(_ orchestrators: [String] = ["a", "b"]) {
        var settings = RoutingSettings()
        settings.canaryShare = 0
        router = SegmentRouter(settings: settings, seed: 1)
        router.update(
            orchestrators.map {
                OrchestratorEntry(id: OrchestratorID($0), capabilities: CapabilitySet(), price: Price(pricePerUnit: 1000, pixelsPerUnit: 1))
            }, at: now)
    }

    /// - Parameter script: what happens to each attempt after its sending; seconds, then the event.
    mutating func segment(_ sequence: Int64, stream: StreamID, _ script: [(attempt: Int, after: Double, event: AttemptEvent)]) {
        let facts = SegmentFacts(
            stream: stream, sequence: SegmentSequence(sequence), duration: 2, byteCount: 500_000, outputPixelRate: Self.pixelRate,
            renditions: 1, cut: now)
        var actions: [DispatchAction] = []
        var course = SegmentCourse(facts, router: &router, at: now, actions: &actions)
        let cut = now
        for (attempt, after, event) in script {
            now = cut.advanced(bySeconds: after)
            course.wake(router: &router, at: now, actions: &actions)
            course.happened(event, attempt: AttemptID(attempt), router: &router, at: now, actions: &actions)
        }
        now = max(now, cut.advanced(bySeconds: 2))
        all.append((course.decision, facts))
    }

    /// One that goes well.
    mutating func served(_ sequence: Int64, stream: StreamID, in seconds: Double = 0.2) {
        segment(
            sequence, stream: stream,
            [
                (0, 0.05, .accepted), (0, seconds - 0.05, .transcoded), (0, seconds - 0.03, .firstByte), (0, seconds, .rendition(place: 0)),
                (0, seconds, .finished),
            ])
    }
}
