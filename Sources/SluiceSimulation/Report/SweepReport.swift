/// One setting tried at several values: what a better figure of one kind costs in another.
package struct Sweep: Sendable {
    package struct Point: Sendable {
        package var value: Double
        package var policy: ReportedPolicy

        package init(value: Double, policy: ReportedPolicy) {
            self.value = value
            self.policy = policy
        }

        var lateShare: Double { policy.lateShare }
        var costPerThousand: Double { policy.costPerThousand }
    }

    /// The name of the setting.
    package var setting: String
    /// In the order of their values.
    package var points: [Point]

    package init(setting: String, points: [Point]) {
        self.setting = setting
        self.points = points.sorted { $0.value < $1.value }
    }

    /// Whether no other point is as good in both, late segments and cost, and better in one.
    func isOnFrontier(_ point: Point) -> Bool {
        !points.contains { other in
            other.lateShare <= point.lateShare && other.costPerThousand <= point.costPerThousand
                && (other.lateShare < point.lateShare || other.costPerThousand < point.costPerThousand)
        }
    }
}

package enum SweepReport {
    static let columns = ["late", "lost", "95 % within", "99 % within", "extra work", "cost of 1000"]

    static func cells(_ point: Sweep.Point) -> [String] {
        [
            ReportText.share(point.lateShare), RunSummary.Figure.lost.text(point.policy.value(.lost)),
            ReportText.milliseconds(point.policy.value(.p95Ms)), ReportText.milliseconds(point.policy.value(.p99Ms)),
            ReportText.share(point.policy.value(.extraWork)), ReportText.wei(point.costPerThousand),
        ]
    }

    /// Plain text for a terminal.
    package static func render(_ world: ReportedWorld, _ sweep: Sweep) -> String {
        var lines = ["\(world.scenario.name): what \(sweep.setting) costs", world.sentence, ""]
        let rows = sweep.points.map { point in
            [ReportText.short(point.value) + (sweep.isOnFrontier(point) ? " *" : "  ")] + cells(point)
        }
        lines += TextReport.aligned(([[sweep.setting] + columns] + rows).map { $0.map { $0.replacing("\u{202F}", with: " ") } })
        lines += ["", "* no other value has both fewer late segments and a lower cost"]
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The frontier of cost against late segments.
struct FrontierPlot {
    let sweep: Sweep

    var pictures: String { PlotFrame.both(draw) }

    private func draw(_ size: PlotFrame.Size) -> String {
        var drawing = Drawing(width: size.width, height: 340)
        let frame = PlotFrame(left: 84, right: size.width - 30, top: 34, bottom: 292)
        let (x, xTicks) = Scale.linear(
            to: max(1e-5, (sweep.points.map(\.lateShare).max() ?? 0) * 1.05), count: size.width > 500 ? 8 : 4,
            places: (frame.left, frame.right))
        let (y, yTicks) = Scale.linear(
            to: (sweep.points.map(\.costPerThousand).max() ?? 0) * 1.05, count: 5, places: (frame.bottom, frame.top))
        frame.xTicks(xTicks, x, in: &drawing, title: "segments that come late", text: ReportText.share)
        frame.yTicks(yTicks, y, in: &drawing, title: "cost of 1000 segments", text: ReportText.wei)
        drawing.polyline(sweep.points.map { (x.place($0.lateShare), y.place($0.costPerThousand)) }, "curve faint p0")
        var taken: [(x: Double, y: Double)] = []
        for (index, point) in sweep.points.enumerated() {
            let place = (x: x.place(point.lateShare), y: y.place(point.costPerThousand))
            drawing.dot(place.x, place.y, radius: 5, sweep.isOnFrontier(point) ? "dot p0" : "dot faint")
            let text = (index == 0 ? "\(sweep.setting) " : "") + ReportText.short(point.value)
            // Names of points that lie together stand one below the other.
            var label = (x: place.x + 9, y: place.y - 7)
            while taken.contains(where: { abs($0.x - label.x) < Drawing.width(of: text) + 8 && abs($0.y - label.y) < 13 }) { label.y += 13 }
            taken.append(label)
            let isLeft = label.x + Drawing.width(of: text) > size.width
            drawing.text(isLeft ? place.x - 9 : label.x, label.y, text, "name p0", isLeft ? .end : .start)
        }
        return drawing.picture(label: "Cost of a thousand segments against the share that comes late", style: size.style)
    }
}
