/// What share of the segments was finished how soon, for every policy.
struct FinishPlot {
    let policies: [ReportedPolicy]
    let deadlines: [Double]

    var pictures: String { PlotFrame.both(draw) }

    private func draw(_ size: PlotFrame.Size) -> String {
        var drawing = Drawing(width: size.width, height: 330)
        let frame = PlotFrame(left: 56, right: size.width - 18, top: 34, bottom: 282)
        let points = policies.flatMap(\.record.finishCurve).filter { $0.share >= 0.01 }
        let seconds = points.map { $0.ms / 1000 } + shownDeadlines
        guard let first = seconds.min(), let last = seconds.max() else { return "" }
        let (x, xTicks) = Scale.logarithmic(first...last, places: (frame.left, frame.right))
        let (y, yTicks) = Scale.nines(resolution: resolution, places: (frame.bottom, frame.top))
        frame.xTicks(
            xTicks, x, in: &drawing,
            title: size == .wide ? "time from the cut of a segment to its last rendition (log)" : "from cut to last rendition (log)",
            text: ReportText.seconds)
        frame.yTicks(yTicks, y, in: &drawing, title: "segments finished", text: ReportText.share)
        for (index, deadline) in shownDeadlines.enumerated() {
            drawing.line(x.place(deadline), frame.top - 6, x.place(deadline), frame.bottom, "deadline")
            drawing.text(
                x.place(deadline) - 4, frame.bottom - 8 - 14 * Double(index), "deadline \(ReportText.seconds(deadline))", "note", .end)
        }
        for (index, policy) in policies.enumerated() {
            drawing.polyline(Self.curve(policy.record.finishCurve, x, y), "curve p\(index % Palette.policies)")
        }
        label(&drawing, x, y, size)
        return drawing.picture(label: "Share of segments finished by time, one curve for each policy", style: size.style)
    }

    /// The name stands at the curve: the fastest to its left, the slowest to its right, those between lower down.
    private func label(_ drawing: inout Drawing, _ x: Scale, _ y: Scale, _ size: PlotFrame.Size) {
        let marks = policies.enumerated().compactMap { index, policy in
            policy.seconds(at: 0.99).map { (index: index, policy: policy, seconds: $0) }
        }.sorted { $0.seconds < $1.seconds }
        for (rank, mark) in marks.enumerated() {
            let isFirst = rank == 0
            let level = isFirst || rank == marks.count - 1 ? 0.99 : [0.9, 0.7, 0.5, 0.3][(rank - 1) % 4]
            guard let seconds = mark.policy.seconds(at: level) else { continue }
            let name = mark.policy.name
            let point = "\(ReportText.share(level)) in \(ReportText.seconds(seconds))"
            let text = size == .wide ? "\(name): \(point)" : point
            let place = (x: x.place(seconds), y: y.place(level))
            let style = "p\(mark.index % Palette.policies)"
            drawing.dot(place.x, place.y, radius: 4, "dot \(style)")
            let room = isFirst ? place.x - x.places.0 : x.places.1 - place.x
            let fits = room > Drawing.width(of: text) + 10
            // To the side where the other curve is not, unless the text would run out of the picture.
            let isLeft = isFirst == fits
            let shift = fits ? 0.0 : isFirst ? -14 : 22
            drawing.text(place.x + (isLeft ? -9 : 9), place.y + 4 + shift, text, "name \(style)", isLeft ? .end : .start)
        }
    }

    /// More lines than these would be a thicket.
    private var shownDeadlines: ArraySlice<Double> { deadlines.prefix(3) }

    /// The smallest step of any curve; what is finer cannot be seen in it.
    private var resolution: Double {
        policies.map { $0.record.finishCurve.count }.max().map { $0 > 0 ? 1 / Double($0) : 1 } ?? 1
    }

    /// Points at least one and a half units apart, up to where the picture ends.
    private static func curve(_ points: [CurvePoint], _ x: Scale, _ y: Scale) -> [(x: Double, y: Double)] {
        var curve: [(x: Double, y: Double)] = []
        for point in points {
            let place = (x: x.place(point.ms / 1000), y: y.place(point.share))
            let isEnd = point.share >= y.domain.upperBound
            if let last = curve.last, !isEnd, abs(place.x - last.x) + abs(place.y - last.y) < 1.5 { continue }
            curve.append(place)
            if isEnd { break }
        }
        return curve
    }
}
