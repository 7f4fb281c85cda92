/// What a thousand segments cost against how soon they came: the lower left corner is where one wants to be.
struct CostPlot {
    let policies: [ReportedPolicy]

    var pictures: String { PlotFrame.both(draw) }

    /// Where every price is 0 there is nothing to draw.
    var isWorthDrawing: Bool { policies.contains { $0.value(.cost) > 0 } }

    private func draw(_ size: PlotFrame.Size) -> String {
        var drawing = Drawing(width: size.width, height: 280)
        let frame = PlotFrame(left: 84, right: size.width - 24, top: 34, bottom: 232)
        let dots = policies.map { policy in policy.runs.map { (x: $0.p95Ms, y: ReportedPolicy.costPerThousand($0)) } }
        let largestX = (policies.map { $0.value(.p95Ms) + $0.summary[.p95Ms].halfWidth } + dots.flatMap { $0.map(\.x) }).max() ?? 0
        let largestY = (policies.map { $0.costPerThousand } + dots.flatMap { $0.map(\.y) }).max() ?? 0
        let (x, xTicks) = Scale.linear(to: largestX * 1.1, count: size == .wide ? 8 : 4, places: (frame.left, frame.right))
        let (y, yTicks) = Scale.linear(to: largestY * 1.15, count: 4, places: (frame.bottom, frame.top))
        frame.xTicks(xTicks, x, in: &drawing, title: "95 % of the segments are finished within", text: ReportText.milliseconds)
        frame.yTicks(yTicks, y, in: &drawing, title: "cost of 1000 segments", text: ReportText.wei)
        for (index, policy) in policies.enumerated() {
            let style = "p\(index % Palette.policies)"
            for dot in dots[index] where dots[index].count > 1 { drawing.dot(x.place(dot.x), y.place(dot.y), radius: 2.5, "seed \(style)") }
            let center = (x: x.place(policy.value(.p95Ms)), y: y.place(policy.costPerThousand))
            drawing.dot(center.x, center.y, radius: 5.5, "dot \(style)")
            let isLeft = center.x > (frame.left + frame.right) / 2
            // Two policies in one place keep their names apart.
            let above = policies.indices.contains { other in
                other < index && abs(y.place(policies[other].costPerThousand) - center.y) < 16
                    && abs(x.place(policies[other].value(.p95Ms)) - center.x) < 160
            }
            drawing.text(center.x + (isLeft ? -10 : 10), center.y + (above ? 18 : -8), policy.name, "name \(style)", isLeft ? .end : .start)
        }
        return drawing.picture(label: "Cost of a thousand segments against finish time, one point for each policy", style: size.style)
    }
}
