/// The box of a plot with its axes: labelled ticks, faint lines, and what is counted, with its unit.
struct PlotFrame {
    /// One picture for screens and one for telephones; the style sheet shows the one that fits.
    enum Size: CaseIterable {
        case wide, narrow

        var width: Double { self == .wide ? 860 : 360 }
        var style: String { self == .wide ? "wide" : "narrow" }
    }

    let left: Double
    let right: Double
    let top: Double
    let bottom: Double

    static func both(_ draw: (Size) -> String) -> String { Size.allCases.map(draw).joined() }

    func xTicks(_ ticks: [Double], _ scale: Scale, in drawing: inout Drawing, title: String, text: (Double) -> String) {
        var free = -Double.infinity
        for tick in ticks {
            let x = scale.place(tick)
            let label = text(tick)
            drawing.line(x, top, x, bottom, "grid")
            // A label that would touch the last one is left out.
            guard x - Drawing.width(of: label) / 2 > free else { continue }
            free = x + Drawing.width(of: label) / 2 + 4
            drawing.text(x, bottom + 16, label, "tick", .middle)
        }
        drawing.text((left + right) / 2, bottom + 34, title, "title", .middle)
    }

    func yTicks(_ ticks: [Double], _ scale: Scale, in drawing: inout Drawing, title: String, text: (Double) -> String) {
        for tick in ticks {
            let y = scale.place(tick)
            drawing.line(left, y, right, y, "grid")
            drawing.text(left - 6, y + 4, text(tick), "tick", .end)
        }
        drawing.text(4, top - 10, title, "title")
    }
}
