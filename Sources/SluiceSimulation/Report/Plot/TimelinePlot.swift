import SluiceTypes

/// Who served the segments of a few streams, one bar for each segment, policy by policy; above them, when what went wrong.
struct TimelinePlot {
    /// More would not be read.
    static let shownStreams = 4

    let scenario: Scenario
    let policies: [ReportedPolicy]
    /// The streams to see, the same under every policy: those with the most late segments.
    let streams: [StreamID]
    let colours: OrchestratorColours

    private static let row = 16.0
    private static let bar = 11.0

    init(scenario: Scenario, policies: [ReportedPolicy]) {
        self.scenario = scenario
        self.policies = policies
        let streams = Self.tellingStreams(policies)
        self.streams = streams
        var served: [String: Int] = [:]
        for policy in policies {
            for segment in policy.record.timelines.filter({ streams.contains($0.stream) }).flatMap(\.segments) {
                if let name = policy.record.name(of: segment) { served[name, default: 0] += 1 }
            }
        }
        self.colours = OrchestratorColours(served: served)
    }

    var pictures: String { PlotFrame.both(draw) }

    private func draw(_ size: PlotFrame.Size) -> String {
        let faults = FaultSpans(scenario: scenario)
        let rows = policies.count * streams.count
        let height = 20 + Double(faults.rows.count) * Self.row + Double(policies.count) * 26 + Double(rows) * Self.row + 50
        var drawing = Drawing(width: size.width, height: height)
        let left = size == .wide ? 112.0 : 84
        let end = policies.flatMap(\.record.timelines).flatMap(\.segments).map(\.cut).max() ?? scenario.duration
        let frame = PlotFrame(left: left, right: size.width - 14, top: 14, bottom: height - 42)
        let inMinutes = end > 180
        let (x, ticks) = Scale.linear(to: inMinutes ? end / 60 : end, count: size == .wide ? 10 : 5, places: (frame.left, frame.right))
        let unit = inMinutes ? 60.0 : 1
        frame.xTicks(ticks, x, in: &drawing, title: "time of the run (\(inMinutes ? "minutes" : "seconds"))", text: ReportText.short)
        var y = frame.top + 4
        for fault in faults.rows {
            drawing.text(4, y + Self.bar - 2, clipped(fault.label, to: left - 10), "note")
            let boxes = fault.spans.filter { $0.lowerBound < end }.map { span in
                let from = x.place(span.lowerBound / unit)
                return (x: from, y: y + 2, width: max(2, x.place(min(span.upperBound, end) / unit) - from), height: Self.bar - 4)
            }
            drawing.rectangles(boxes, colours.style(of: fault.orchestrator))
            y += Self.row
        }
        for policy in policies {
            y += 22
            drawing.text(4, y - 5, policy.name, "name")
            for stream in streams {
                drawing.text(8, y + Self.bar - 1, clipped(stream.rawValue, to: left - 14), "tick")
                if let timeline = policy.record.timelines.first(where: { $0.stream == stream }) {
                    bars(timeline, of: policy.record, at: y, x: x, unit: unit, in: &drawing)
                }
                y += Self.row
            }
            y += 4
        }
        return drawing.picture(label: "Which orchestrator served each segment of a few streams over time", style: size.style)
    }

    private static func tellingStreams(_ policies: [ReportedPolicy]) -> [StreamID] {
        var late: [StreamID: Int] = [:]
        for timeline in policies.flatMap(\.record.timelines) {
            late[timeline.stream, default: 0] += timeline.segments.count { $0.missed || $0.lost }
        }
        let starts = (policies.first?.record.timelines ?? []).map { (stream: $0.stream, start: $0.segments.first?.cut ?? 0) }
        var chosen: [Int] = []
        while chosen.count < min(shownStreams, starts.count) {
            // Among those that are equally late the one that starts farthest from those chosen: more of the run is seen.
            let distance = { (place: Int) in chosen.map { abs(starts[$0].start - starts[place].start) }.min() ?? 0 }
            let rest = starts.indices.filter { !chosen.contains($0) }
            let best = rest.max {
                (late[starts[$0].stream, default: 0], distance($0), $1) < (late[starts[$1].stream, default: 0], distance($1), $0)
            }
            guard let best else { break }
            chosen.append(best)
        }
        return chosen.sorted().map { starts[$0].stream }
    }

    private func bars(
        _ timeline: StreamTimeline, of record: RunRecord, at y: Double, x: Scale, unit: Double, in drawing: inout Drawing
    ) {
        typealias Box = (x: Double, y: Double, width: Double, height: Double)
        var boxes: [String: [Box]] = [:]
        var late: [Box] = []
        var lost: [Box] = []
        let segments = timeline.segments
        for (index, segment) in segments.enumerated() {
            let from = x.place(segment.cut / unit)
            let next = index + 1 < segments.count ? segments[index + 1].cut : nil
            let previous = index > 0 ? segment.cut - segments[index - 1].cut : 2
            let to = x.place((next ?? segment.cut + previous) / unit)
            let gap = to - from > 2.5 ? 0.5 : 0
            let box: Box = (from, y, max(0.6, to - from - gap), Self.bar)
            if segment.lost {
                lost.append((from, y - 1, max(2, to - from - gap), Self.bar + 3))
            } else if let orchestrator = record.name(of: segment) {
                boxes[colours.style(of: orchestrator), default: []].append(box)
                if segment.missed { late.append((from, y + Self.bar - 4, max(1.6, to - from - gap), 6)) }
            }
        }
        for (style, boxes) in boxes.sorted(by: { $0.key < $1.key }) { drawing.rectangles(boxes, style) }
        drawing.rectangles(late, "late")
        drawing.rectangles(lost, "lost")
    }

    private func clipped(_ text: String, to width: Double) -> String {
        let fitting = Int(width / Drawing.width(of: "m"))
        return text.count <= fitting ? text : text.prefix(max(1, fitting - 1)) + "…"
    }

    /// What the colours mean, as HTML above the picture.
    var legend: String {
        var items = colours.named.map { "<span><i class=\"\($0.style)\"></i>\(Drawing.escaped($0.orchestrator))</span>" }
        if colours.hasOthers { items.append("<span><i class=\"o-other\"></i>another one</span>") }
        items.append("<span><i class=\"late\"></i>late</span><span><i class=\"lost\"></i>lost</span>")
        return "<p class=\"legend\">\(items.joined(separator: " "))</p>"
    }
}

extension RunRecord {
    /// Who served it; `nil` when nobody did.
    fileprivate func name(of segment: SegmentOutcome) -> String? {
        segment.orchestrator.flatMap { orchestrators.indices.contains($0) ? orchestrators[$0].name : nil }
    }
}
