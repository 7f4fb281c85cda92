import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes
import SluiceWire

/// The spans of a segment's trace, made from what is known of it once it is over (docs/Operating.md, "Traces").
struct SegmentSpans {
    private let story: SegmentStory
    private let trace: TraceID
    private let root: SpanID
    private(set) var all: [Span] = []

    init(_ story: SegmentStory, trace: TraceID) {
        self.story = story
        self.trace = trace
        root = TraceNames.span("segment", of: trace)
        let timeline = story.timeline
        add("cut", from: timeline.firstByte, to: timeline.cut)
        if let listed = timeline.sourcePublished {
            add("list", from: timeline.cut, to: listed, [("sluice.rendition", .text("source"))])
        }
        if let decision = story.decision { addRoute(decision) }
        for (index, listing) in story.listings.enumerated() { addRendition(index, listing) }
        addRoot()
    }

    static func span(of serving: SegmentServing, trace: TraceID, servedAt: Int64) -> Span {
        let rendition = serving.rendition
        let playlist = serving.isLowLatency ? "ll" : "stream"
        return Span(
            trace: trace, id: TraceNames.span("serve \(playlist) \(rendition)", of: trace), parent: TraceNames.span("segment", of: trace),
            name: "serve",
            start: servedAt - serving.listed.duration(to: serving.served).nanoseconds, end: servedAt,
            attributes: [
                ("sluice.stream", .text(serving.stream.rawValue)), ("sluice.sequence", .whole(serving.sequence.rawValue)),
                ("sluice.rendition", .text(rendition)), ("sluice.playlist", .text(playlist)),
            ])
    }

    /// An orchestrator's part of a trace that a gateway began.
    static func span(of work: WorkStory) -> Span {
        Span(
            trace: work.context.trace, id: TraceNames.span("orchestrate \(work.start)", of: work.context.trace), parent: work.context.span,
            name: "orchestrate", kind: .server, start: work.start, end: work.end,
            attributes: [("sluice.streamed", .flag(work.isStreamed))], fault: work.fault)
    }

    private func wall(_ instant: ContinuousClock.Instant) -> Int64 {
        story.timeline.firstByteWallClock + story.timeline.firstByte.duration(to: instant).nanoseconds
    }

    private mutating func add(
        _ name: String, from: ContinuousClock.Instant, to: ContinuousClock.Instant, _ attributes: [(String, Span.Value)] = []
    ) {
        all.append(
            Span(
                trace: trace, id: TraceNames.span(name, all.count, of: trace), parent: root, name: name, start: wall(from), end: wall(to),
                attributes: attributes))
    }

    // MARK: Routing

    private mutating func addRoute(_ decision: RouteDecision) {
        let cut = wall(story.timeline.cut)
        func time(_ moment: Moment) -> Int64 { cut + (moment.nanoseconds - decision.cut.nanoseconds) }
        let id = TraceNames.span("route", of: trace)
        var attributes: [(String, Span.Value)] = [
            ("sluice.reason", .text(decision.reason.rawValue)), ("sluice.candidates", .whole(Int64(decision.candidates))),
            ("sluice.left_out", .whole(Int64(decision.leftOutCount))), ("sluice.target_ms", .number((decision.target * 1000).tenths)),
            ("sluice.work_class", .text(decision.workClass.description)), ("sluice.missed", .flag(decision.isMissed)),
        ]
        if let choice = decision.choice { attributes.append(("sluice.orchestrator", .text(choice.rawValue))) }
        let end = decision.attempts.compactMap { $0.ended.map(time) }.max() ?? time(decision.decided)
        all.append(
            Span(
                trace: trace, id: id, parent: root, name: "route", start: cut, end: end, attributes: attributes,
                fault: decision.failure?.description))
        var tried: [OrchestratorID: Int] = [:]
        for attempt in decision.attempts {
            let index = tried[attempt.orchestrator, default: 0]
            tried[attempt.orchestrator] = index + 1
            add(attempt, TraceNames.attempt(attempt.orchestrator, index, of: trace), under: id, sent: time(attempt.sent), time)
        }
    }

    private mutating func add(
        _ attempt: RouteDecision.Attempt, _ id: SpanID, under parent: SpanID, sent: Int64, _ time: (Moment) -> Int64
    ) {
        let times = attempt.times
        var fault: String?
        if case .failed(let failure) = attempt.result { fault = failure.description }
        let end = attempt.ended.map(time) ?? sent + nanoseconds(times.total ?? 0)
        all.append(
            Span(
                trace: trace, id: id, parent: parent, name: "attempt", kind: .client, start: sent, end: end,
                attributes: [
                    ("sluice.orchestrator", .text(attempt.orchestrator.rawValue)), ("sluice.role", .text(attempt.role.rawValue)),
                    ("sluice.outcome", .text(attempt.result.word)), ("sluice.cost_wei", .number(attempt.cost)),
                    ("sluice.bytes", .whole(Int64(attempt.bytes))),
                ], fault: fault))
        var from = sent
        for (name, length) in [("upload", times.upload), ("work", times.work), ("download", Self.sum(times.firstByte, times.body))] {
            // A phase that was not reached, and all after it.
            guard let length else { return }
            let to = from + nanoseconds(length)
            all.append(
                Span(trace: trace, id: TraceNames.span(name, all.count, of: trace), parent: id, name: name, start: from, end: to))
            from = to
        }
    }

    private static func sum(_ first: Double?, _ second: Double?) -> Double? { first.map { $0 + (second ?? 0) } }

    private func nanoseconds(_ seconds: Double) -> Int64 { Moment(seconds: seconds).nanoseconds }

    // MARK: Renditions

    private mutating func addRendition(_ index: Int, _ listing: SegmentStory.Listing) {
        let rendition = ("sluice.rendition", Span.Value.text(story.renditions[index]))
        let came = story.timeline.renditions.indices.contains(index) ? story.timeline.renditions[index] : nil
        // What takes the place of a rendition has waited since the segment was given up.
        let from = listing.content == .made ? came ?? listing.turn : min(listing.turn, story.timeline.published ?? listing.turn)
        add("reassemble", from: from, to: listing.turn, [rendition])
        add("package", from: listing.turn, to: listing.listed, [rendition, ("sluice.content", .text(listing.content.rawValue))])
        add("list", from: story.timeline.cut, to: listing.listed, [rendition])
    }

    private mutating func addRoot() {
        let start = wall(story.timeline.firstByte)
        all.append(
            Span(
                trace: trace, id: root, parent: nil, name: "segment", kind: .server, start: start,
                end: all.map(\.end).max() ?? wall(story.timeline.cut),
                attributes: [
                    ("sluice.stream", .text(story.stream.rawValue)), ("sluice.sequence", .whole(story.sequence.rawValue)),
                    ("sluice.duration_ms", .number(story.duration.inMilliseconds.tenths)), ("sluice.bytes", .whole(Int64(story.byteCount))),
                    ("sluice.missed", .flag(story.decision?.isMissed ?? false)),
                ], fault: story.failure?.description))
    }
}

extension RouteDecision.Attempt.Result {
    var word: String {
        switch self {
        case .running: "running"
        case .won: "won"
        case .finished: "finished"
        case .aborted: "stopped"
        case .failed(let failure): "failed: \(failure.reason)"
        }
    }
}

extension Duration {
    /// Rounded down; of spans that a process sees, never too large.
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
