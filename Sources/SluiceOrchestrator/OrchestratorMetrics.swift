import SluiceTypes

/// Every number an orchestrator counts, in one place.
struct OrchestratorMetrics: Sendable {
    let admitted: Counter
    let done: Counter
    private let failures: [SegmentFailure.Reason: Counter]
    let refused: Counter
    let sessions: Gauge
    let pending: Gauge
    let pixels: Counter
    let transcode: Histogram
    let streamed: Histogram

    init(registry: MetricRegistry) {
        admitted = registry.counter("sluice_orchestrator_segments_total", help: "Segments taken in.")
        done = registry.counter("sluice_orchestrator_segments_done_total", help: "Segments whose renditions were all made.")
        let registered = Self.failureReasons.map { reason in
            let counter = registry.counter(
                "sluice_orchestrator_segments_failed_total", help: "Segments taken in and not finished.",
                labels: ["reason": "\(reason)"])
            return (reason, counter)
        }
        failures = Dictionary(uniqueKeysWithValues: registered)
        refused = registry.counter("sluice_orchestrator_segments_refused_total", help: "Segments refused because all was full.")
        sessions = registry.gauge("sluice_orchestrator_sessions", help: "Sessions being served.")
        pending = registry.gauge("sluice_orchestrator_segments_pending", help: "Segments waiting or being worked on.")
        pixels = registry.counter("sluice_orchestrator_pixels_total", help: "Pixels encoded.")
        transcode = registry.histogram(
            "sluice_orchestrator_transcode_seconds", help: "From taking a segment in to its last rendition, waiting included.",
            buckets: [0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4])
        streamed = registry.histogram(
            "sluice_orchestrator_streamed_seconds", help: "From the last byte of a streamed segment to the last of its renditions.",
            buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1])
    }

    /// What a transcode can end with; any other reason counts as the last of these.
    private static let failureReasons: [SegmentFailure.Reason] = [.mediaUnusable, .cancelled, .transcodeFailed]

    var failed: Int { failures.values.reduce(0) { $0 + $1.value } }

    func countFailure(_ reason: SegmentFailure.Reason) {
        (failures[reason] ?? failures[.transcodeFailed])?.increment()
    }
}
