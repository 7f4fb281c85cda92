import NIOCore
import SluiceRouting
package import SluiceTypes

/// Every number a gateway counts, in one place.
package struct GatewayMetrics: Sendable {
    private static let fast = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8]

    private let streamsOpened: Counter
    let segmentsCut: Counter
    let segmentsLost: Counter
    let earlyBegun: Counter
    let earlyClaimed: Counter
    let earlyTroubled: Counter
    let partsStreamed: Counter
    let renditionsTakenOver: Counter
    private let attemptsFailed: [SegmentFailure.Reason: Counter]
    private let routing: RoutingMetrics
    private let reference: ReferenceMetrics
    let renditionsPublished: Counter
    let renditionsMissing: Counter
    let sourceBytes: Counter
    private let sourcePublish: Histogram
    private let accepted: Histogram
    private let rendition: Histogram
    private let published: Histogram

    /// - Parameters:
    ///   - node: what the reference's metrics call this gateway, in the label `node_id`.
    ///   - maxStreams: how many streams it takes.
    package init(registry: MetricRegistry, node: String, maxStreams: Int) {
        streamsOpened = registry.counter("sluice_streams_opened_total", help: "Publishers let in, takeovers too.")
        segmentsCut = registry.counter("sluice_segments_total", help: "Source segments cut or pushed.")
        segmentsLost = registry.counter(
            "sluice_segments_lost_total", help: "Segments that came back incomplete or not at all by their deadline.")
        earlyBegun = registry.counter(
            "sluice_segments_streamed_total", help: "Segments sent on from their first byte, while they were being cut.")
        earlyClaimed = registry.counter(
            "sluice_segments_streamed_kept_total", help: "Of those, the ones that routing left where they were.")
        earlyTroubled = registry.counter(
            "sluice_segments_streamed_troubled_total",
            help: "Of those, the ones whose orchestrator failed, or gave nothing back for a few pictures' time, before the cut.")
        partsStreamed = registry.counter(
            "sluice_rendition_parts_streamed_total", help: "Parts of renditions listed before their segment was whole.")
        renditionsTakenOver = registry.counter(
            "sluice_renditions_taken_over_total", help: "Renditions that went on in the middle of a segment with another orchestrator.")
        var failed: [SegmentFailure.Reason: Counter] = [:]
        for reason in SegmentFailure.Reason.allCases {
            failed[reason] = registry.counter(
                "sluice_segment_attempts_failed_total",
                help: "Attempts at an orchestrator that failed; more than one a segment is possible.",
                labels: ["reason": "\(reason)"])
        }
        attemptsFailed = failed
        routing = RoutingMetrics(registry: registry)
        reference = ReferenceMetrics(registry: registry, node: node, maxStreams: maxStreams)
        renditionsPublished = registry.counter("sluice_renditions_published_total", help: "Rendition segments put into playlists.")
        renditionsMissing = registry.counter("sluice_renditions_missing_total", help: "Rendition segments that never came.")
        sourceBytes = registry.counter("sluice_source_bytes_total", help: "Bytes of source segments.")
        sourcePublish = registry.histogram(
            "sluice_segment_source_publish_seconds",
            help: "From the packet that closed a segment to the segment standing in the source playlist.", buckets: Self.fast)
        accepted = registry.histogram(
            "sluice_segment_accepted_seconds", help: "From the cut to the orchestrator's early answer.", buckets: Self.fast)
        rendition = registry.histogram(
            "sluice_segment_rendition_seconds", help: "From the cut to the last byte of one rendition.", buckets: Self.fast)
        published = registry.histogram(
            "sluice_segment_published_seconds", help: "From the cut to the last rendition in its playlist.", buckets: Self.fast)
    }

    package func setMaxStreams(_ count: Int) { reference.maxSessions.set(count) }

    func streamOpened(_ stream: StreamID) {
        streamsOpened.increment()
        reference.streamOpened(stream)
    }

    func streamEnded(_ stream: StreamID) { reference.streamEnded(stream) }

    /// - Parameter isTranscoded: whether renditions of it are wanted.
    func sourcePublished(_ segment: Segment, isTranscoded: Bool) {
        reference.sourcePublished(segment, isTranscoded: isTranscoded)
        segmentsCut.increment()
        sourceBytes.increment(by: segment.bytes.readableBytes)
        if let instant = segment.timeline.sourcePublished {
            sourcePublish.observe(segment.timeline.cut.duration(to: instant).inSeconds)
        }
    }

    /// - Parameters:
    ///   - duration: of a pushed segment.
    ///   - time: from its last byte in to the last byte of its answer out.
    func pushAnswered(_ duration: Duration, after time: Duration) { reference.pushAnswered(duration, after: time) }

    func attemptFailed(_ failure: SegmentFailure) { attemptsFailed[failure.reason]?.increment() }

    /// - Parameter entry: what the directory says of an orchestrator.
    func settled(_ decision: RouteDecision, _ job: SegmentJob, entry: (OrchestratorID) -> OrchestratorEntry?) {
        routing.observe(decision)
        reference.settled(decision, job, entry: entry)
    }

    /// For gauges that nobody sets when something happens; before each scrape.
    package func look(at route: RouteStage) { routing.observe(ejected: route.ejected) }

    func observe(_ timeline: SegmentTimeline) {
        if let instant = timeline.accepted { accepted.observe(timeline.cut.duration(to: instant).inSeconds) }
        for instant in timeline.renditions.compactMap(\.self) {
            rendition.observe(timeline.cut.duration(to: instant).inSeconds)
        }
        if let instant = timeline.published { published.observe(timeline.cut.duration(to: instant).inSeconds) }
    }
}
