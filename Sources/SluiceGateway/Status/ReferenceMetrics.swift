import SluiceRouting
import SluiceTypes
import Synchronization

/// The reference gateway's own metrics under its own names and labels, so that its dashboards live on
/// (specs/gateway-surface §14.1, §14.2). Streams by HTTP push count too. Of labels that depend on the reference's settings
/// (`manifest_id`, `client_ip`) it has none, as that one by default.
final class ReferenceMetrics: Sendable {
    private struct StreamRecord {
        var orchestrator: OrchestratorID?
        var hasSegments = false
        var results = RecentResults()
    }

    /// The reference's bounds, in seconds, of the histograms whose own are sound.
    private static let durations = [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 10, 15, 20]
    private static let latencies = [0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 10]
    private static let scores = [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 10, 15, 20, 40]
    /// Ours: the reference's bounds for these are not in order and see nothing between 0.5 and 10 s (§14.2).
    private static let transfers = [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.5, 1, 2, 5, 10]

    private let streamsCreated, streamsStarted, streamsEnded: Counter
    private let currentSessions: Gauge
    let maxSessions: Gauge
    private let successRate: ShareGauge
    private let swaps: Counter
    private let emerged, emergedUnprocessed, appeared: Counter
    private let uploaded, uploadFailed, transcodeFailed, transcoded, answered, allAppeared, retried: MetricFamily<Counter>
    private let downloaded: Counter
    private let sourceDuration: Histogram
    private let uploadTime, transcodeTime, overallLatency, score: MetricFamily<Histogram>
    private let downloadTime: Histogram
    private let realtimeRatio: Histogram
    /// By the least ratio of each, the largest first.
    private let realtime: [(least: Double, counter: Counter)]
    private let streams: Mutex<[StreamID: StreamRecord]> = Mutex([:])

    /// - Parameter node: the label `node_id`.
    init(registry: MetricRegistry, node: String, maxStreams: Int) {
        let base: KeyValuePairs = ["node_id": node, "node_type": "bctr"]
        let orchestrator = ["orchestrator_uri", "orchestrator_address", "orchestrator_version"]
        let work = ["profiles", "trusted", "verified"]

        func counter(_ name: String, _ help: String) -> Counter { registry.counter("livepeer_\(name)", help: help, labels: base) }
        func counters(_ name: String, _ labels: [String], _ help: String) -> MetricFamily<Counter> {
            registry.counters("livepeer_\(name)", help: help, labels: labels, fixed: base)
        }
        func histograms(_ name: String, _ labels: [String], _ buckets: [Double], _ help: String) -> MetricFamily<Histogram> {
            registry.histograms("livepeer_\(name)", help: help, buckets: buckets, labels: labels, fixed: base)
        }

        streamsCreated = counter("stream_created_total", "Streams accepted.")
        streamsStarted = counter("stream_started_total", "Streams that had a first segment.")
        streamsEnded = counter("stream_ended_total", "Streams that ended.")
        currentSessions = registry.gauge("livepeer_current_sessions_total", help: "Streams now.", labels: base)
        maxSessions = registry.gauge("livepeer_max_sessions_total", help: "Streams at most.", labels: base)
        maxSessions.set(maxStreams)
        successRate = registry.share(
            "livepeer_success_rate", help: "Transcoded of the last 30 segments of each stream.", labels: base)
        swaps = counter("orchestrator_swaps", "Changes of orchestrator from one segment to the next.")
        emerged = counter("segment_source_emerged_total", "Source segments that are to be transcoded.")
        emergedUnprocessed = counter("segment_source_emerged_unprocessed_total", "Source segments.")
        appeared = registry.counter(
            "livepeer_segment_source_appeared_total", help: "Source segments in the playlist.",
            labels: ["node_id": node, "node_type": "bctr", "profile": "source", "seg_type": "regular"])
        uploaded = counters("segment_source_uploaded_total", ["orchestrator_uri"], "Uploads acknowledged.")
        uploadFailed = counters("segment_source_upload_failed_total", ["error_code", "orchestrator_uri"], "Uploads that failed.")
        downloaded = counter("segment_transcoded_downloaded_total", "Segments whose renditions were all fetched.")
        transcoded = counters("segment_transcoded_total", work, "Segments transcoded.")
        answered = counters("segment_transcoded_unprocessed_total", ["profiles"] + orchestrator, "Answers with all renditions.")
        transcodeFailed = counters("segment_transcode_failed_total", ["error_code"], "Transcodes that failed.")
        allAppeared = counters(
            "segment_transcoded_all_appeared_total", ["profiles"] + orchestrator, "Segments with all renditions in the playlists.")
        retried = counters("transcode_retried", ["try"], "Second and later attempts.")
        sourceDuration = registry.histogram(
            "livepeer_source_segment_duration_seconds", help: "Duration of source segments.", buckets: Self.durations, labels: base)
        uploadTime = histograms("upload_time_seconds", ["orchestrator_uri"], Self.transfers, "From sending to the early answer.")
        transcodeTime = histograms("transcode_time_seconds", work, Self.latencies, "From the early answer to the last word.")
        downloadTime = registry.histogram(
            "livepeer_download_time_seconds", help: "Fetching all renditions.", buckets: Self.transfers, labels: base)
        overallLatency = histograms(
            "transcode_overall_latency_seconds", ["profiles"] + orchestrator, Self.latencies,
            "From the cut to the last rendition.")
        realtimeRatio = registry.histogram(
            "livepeer_http_client_segment_transcoded_realtime_ratio", help: "Duration of a pushed segment by the time to its answer.",
            buckets: [0.5, 1, 2, 3, 5, 10, 50, 100], labels: base)
        realtime = [("3x", 3), ("2x", 2), ("1x", 1), ("half", 0.5), ("slow", 0)].map { name, least in
            (least, counter("http_client_segment_transcoded_realtime_\(name)", "Pushed segments answered so much faster than they play."))
        }
        score = histograms("transcode_score", work, Self.scores, "Duration of a segment by the time its transcode took.")
    }

    func streamOpened(_ stream: StreamID) {
        streamsCreated.increment()
        streams.withLock { streams in
            streams[stream] = streams[stream] ?? StreamRecord()
            currentSessions.set(streams.count)
        }
    }

    func streamEnded(_ stream: StreamID) {
        streamsEnded.increment()
        streams.withLock { streams in
            streams[stream] = nil
            currentSessions.set(streams.count)
        }
    }

    func sourcePublished(_ segment: Segment, isTranscoded: Bool) {
        emergedUnprocessed.increment()
        if isTranscoded { emerged.increment() }
        appeared.increment()
        sourceDuration.observe(segment.duration.inSeconds)
        let isFirst = streams.withLock { streams in
            guard streams[segment.stream]?.hasSegments == false else { return false }
            streams[segment.stream]?.hasSegments = true
            return true
        }
        if isFirst { streamsStarted.increment() }
    }

    func pushAnswered(_ duration: Duration, after time: Duration) {
        guard time > .zero else { return }
        let ratio = duration.inSeconds / time.inSeconds
        realtimeRatio.observe(ratio)
        realtime.first { ratio >= $0.least }?.counter.increment()
    }

    /// - Parameter entry: what the directory says of an orchestrator.
    func settled(_ decision: RouteDecision, _ job: SegmentJob, entry: (OrchestratorID) -> OrchestratorEntry?) {
        let profiles = job.profiles.map(\.name).joined(separator: ",")
        for (index, attempt) in decision.attempts.enumerated() {
            let uri = attempt.orchestrator.rawValue
            if index > 0, attempt.role == .retry { retried["\(index)"].increment() }
            if let upload = attempt.times.upload {
                uploaded[uri].increment()
                uploadTime[uri].observe(upload)
            }
            if case .failed(let failure) = attempt.result {
                if attempt.times.upload == nil {
                    uploadFailed[failure.reason.referenceCode, uri].increment()
                } else {
                    transcodeFailed[failure.reason.referenceCode].increment()
                }
            }
            guard attempt.result == .won else { continue }
            let entry = entry(attempt.orchestrator)
            let address = entry?.operatorName ?? ""
            let version = entry?.version ?? ""
            downloaded.increment()
            transcoded[profiles, "trusted", "unverified"].increment()
            answered[profiles, uri, address, version].increment()
            allAppeared[profiles, uri, address, version].increment()
            if let work = attempt.times.work {
                transcodeTime[profiles, "trusted", "unverified"].observe(work)
                if work > 0 { score[profiles, "trusted", "unverified"].observe(job.segment.duration.inSeconds / work) }
            }
            downloadTime.observe((attempt.times.firstByte ?? 0) + (attempt.times.body ?? 0))
            if let finish = decision.finish { overallLatency[profiles, uri, address, version].observe(finish) }
        }
        if decision.failure != nil { transcodeFailed["LostSegment"].increment() }
        note(decision)
    }

    private func note(_ decision: RouteDecision) {
        let winner = decision.attempts.first { $0.result == .won }?.orchestrator
        let (isSwap, rate) = streams.withLock { streams -> (Bool, Double) in
            guard streams[decision.stream] != nil else { return (false, successRate.value) }
            let before = streams[decision.stream]?.orchestrator
            streams[decision.stream]?.results.add(decision.failure == nil)
            if let winner { streams[decision.stream]?.orchestrator = winner }
            let results = streams.values.map(\.results)
            let all = results.reduce(0) { $0 + $1.count }
            let good = results.reduce(0) { $0 + $1.good }
            return (before != nil && winner != nil && before != winner, all == 0 ? 1 : Double(good) / Double(all))
        }
        if isSwap { swaps.increment() }
        successRate.set(rate)
    }
}

/// Whether each of the last 30 segments came back, as the reference looks at them (specs/gateway-surface §14.1).
private struct RecentResults {
    private static let most = 30
    private var bits: UInt32 = 0
    private(set) var count = 0

    var good: Int { bits.nonzeroBitCount }

    mutating func add(_ isGood: Bool) {
        bits = (bits << 1 | (isGood ? 1 : 0)) & (1 << Self.most - 1)
        count = min(count + 1, Self.most)
    }
}

extension SegmentFailure.Reason {
    /// The reference's word for the label `error_code` (specs/gateway-surface §14.2).
    fileprivate var referenceCode: String {
        switch self {
        case .unreachable: "Unknown"
        case .timedOut: "Timeout"
        case .busy: "OrchestratorBusy"
        case .sessionRefused: "SessionEnded"
        case .refused: "UnknownResponse"
        case .mediaUnusable: "NonRetryable"
        case .protocolViolation: "ParseResponse"
        case .transcodeFailed: "Transcode"
        case .cancelled: "CtxCancelled"
        }
    }
}
