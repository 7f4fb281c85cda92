/// An SVG picture being drawn. Colours come from the style sheet of the page, by class.
struct Drawing {
    enum Anchor: String { case start, middle, end }

    let width: Double
    let height: Double
    private var body = ""

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        body += "<path class=\"\(style)\" d=\"M\(Self.at(x1, y1))L\(Self.at(x2, y2))\"/>"
    }

    mutating func polyline(_ points: [(x: Double, y: Double)], _ style: String) {
        guard let first = points.first else { return }
        var path = "M\(Self.at(first.x, first.y))"
        for point in points.dropFirst() { path += "L\(Self.at(point.x, point.y))" }
        body += "<path class=\"\(style)\" d=\"\(path)\"/>"
    }

    mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String) {
        rectangles([(x, y, width, height)], style)
    }

    /// Many of one style as one path: a timeline has thousands.
    mutating func rectangles(_ boxes: [(x: Double, y: Double, width: Double, height: Double)], _ style: String) {
        guard !boxes.isEmpty else { return }
        let path = boxes.map { box in
            "M\(Self.at(box.x, box.y))h\(Self.short(box.width))v\(Self.short(box.height))h\(Self.short(-box.width))z"
        }
        body += "<path class=\"\(style)\" d=\"\(path.joined())\"/>"
    }

    mutating func dot(_ x: Double, _ y: Double, radius: Double, _ style: String) {
        body += "<circle class=\"\(style)\" cx=\"\(Self.short(x))\" cy=\"\(Self.short(y))\" r=\"\(Self.short(radius))\"/>"
    }

    mutating func text(_ x: Double, _ y: Double, _ text: String, _ style: String = "", _ anchor: Anchor = .start) {
        let place = "x=\"\(Self.short(x))\" y=\"\(Self.short(y))\""
        let aligned = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        body += "<text class=\"\(style)\" \(place)\(aligned)>\(Self.escaped(text))</text>"
    }

    /// - Parameters:
    ///   - label: what it shows, for those who cannot see it.
    ///   - style: class of the `svg` element.
    func picture(label: String, style: String) -> String {
        "<svg class=\"\(style)\" viewBox=\"0 0 \(Self.short(width)) \(Self.short(height))\" role=\"img\" "
            + "aria-label=\"\(Self.escaped(label))\">\(body)</svg>"
    }

    /// About how wide a text of the plots' size is; there is nothing to measure it with.
    static func width(of text: String) -> Double { Double(text.count) * 6.9 }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    private static func at(_ x: Double, _ y: Double) -> String { "\(short(x)) \(short(y))" }

    /// One digit after the point: finer than anybody sees, and short.
    private static func short(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        guard !tenths.isMultiple(of: 10) else { return "\(tenths / 10)" }
        return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }
}
