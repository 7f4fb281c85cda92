/// How many segments each orchestrator served, under each policy.
struct LoadPlot {
    /// More rows would not be read; the rest is summed up in one.
    static let mostRows = 24

    let policies: [ReportedPolicy]
    private let rows: [(name: String, values: [Double])]

    init(policies: [ReportedPolicy], orchestrators: [String]) {
        self.policies = policies
        let names = Set(orchestrators).union(policies.flatMap { Array($0.summary.figures.load.keys) })
        let all = names.map { name in (name: name, values: policies.map { Double($0.summary.figures.load[name] ?? 0) }) }
            .sorted { (($1.values.first ?? 0), $0.name) < (($0.values.first ?? 0), $1.name) }
        guard all.count > Self.mostRows else {
            rows = all
            return
        }
        let rest = all.dropFirst(Self.mostRows - 1)
        let mean = policies.indices.map { index in rest.reduce(0) { $0 + $1.values[index] } / Double(rest.count) }
        rows = all.prefix(Self.mostRows - 1) + [("\(rest.count) others, mean", mean)]
    }

    var pictures: String { PlotFrame.both(draw) }

    /// `default 1.2, reference 3.4`: the busiest over the mean.
    static func imbalance(_ policies: [ReportedPolicy], orchestrators: Int) -> String {
        policies.map { policy in
            let load = policy.summary.figures.load.values
            let mean = Double(load.reduce(0, +)) / Double(max(1, orchestrators))
            let busiest = Double(load.max() ?? 0)
            return "\(policy.name) \(mean > 0 ? ReportText.short(busiest / mean) : "–")"
        }.joined(separator: ", ")
    }

    private func draw(_ size: PlotFrame.Size) -> String {
        let bar = policies.count > 2 || rows.count > 12 ? 6.0 : 9.0
        let row = bar * Double(policies.count) + 8
        let left = min(size == .wide ? 200 : 130, 16 + (rows.map { Drawing.width(of: $0.name) }.max() ?? 0))
        let height = 8 + row * Double(rows.count) + 46
        var drawing = Drawing(width: size.width, height: height)
        let frame = PlotFrame(left: left, right: size.width - 50, top: 4, bottom: height - 42)
        let largest = rows.flatMap(\.values).max() ?? 0
        let (x, ticks) = Scale.linear(to: largest, count: size == .wide ? 6 : 3, places: (frame.left, frame.right))
        frame.xTicks(ticks, x, in: &drawing, title: "segments served", text: { ReportText.number($0) })
        for (index, entry) in rows.enumerated() {
            let y = frame.top + 4 + row * Double(index)
            let fitting = Int((left - 8) / Drawing.width(of: "m"))
            let name = entry.name.count <= fitting ? entry.name : entry.name.prefix(max(1, fitting - 1)) + "…"
            drawing.text(left - 6, y + row / 2, String(name), "tick", .end)
            for (policy, value) in entry.values.enumerated() {
                let top = y + bar * Double(policy)
                drawing.rectangle(x.places.0, top, max(0.5, x.place(value) - x.places.0), bar - 1, "fill p\(policy % Palette.policies)")
                if bar > 8 { drawing.text(x.place(value) + 4, top + bar - 1, ReportText.number(value), "small") }
            }
        }
        return drawing.picture(label: "Segments served by each orchestrator under each policy", style: size.style)
    }
}
