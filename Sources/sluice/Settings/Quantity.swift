/// A kind of quantity and the suffixes it is written with: `500ms`, `2.5Mbit`, `150M`, `5%`.
struct Quantity: Sendable {
    /// Suffix and what one of it is worth.
    private let suffixes: [(text: String, factor: Double)]
    /// What a number without a suffix counts, in words; empty where that needs no saying.
    private let plain: String
    private let example: String

    private init(_ suffixes: [(text: String, factor: Double)], plain: String, example: String) {
        self.suffixes = suffixes
        self.plain = plain
        self.example = example
    }

    /// Plain numbers are seconds.
    static let duration = Quantity([("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)], plain: "seconds", example: "10s, 500ms, 10m")
    /// Plain numbers are bits per second; `k`, `M`, `G` do for `kbit`, `Mbit`, `Gbit`.
    static let bitRate = Quantity(
        [("bit", 1), ("kbit", 1e3), ("Mbit", 1e6), ("Gbit", 1e9), ("k", 1e3), ("M", 1e6), ("G", 1e9)],
        plain: "bits per second", example: "200Mbit, 800kbit")
    static let pixelRate = Quantity(
        [("", 1), ("k", 1e3), ("M", 1e6), ("G", 1e9)], plain: "pixels per second", example: "150M")
    /// From 0 to 1, or per cent.
    static let share = Quantity([("", 1), ("%", 0.01)], plain: "", example: "0.05, 5%")
    static let number = Quantity([("", 1)], plain: "", example: "")

    /// - Returns: `nil` where the text is no finite number with one of the suffixes or none.
    func value(of text: String) -> Double? {
        let byLength = suffixes.filter { !$0.text.isEmpty }.sorted { $0.text.count > $1.text.count }
        for suffix in byLength where text.hasSuffix(suffix.text) {
            return Self.number(text.dropLast(suffix.text.count)).map { $0 * suffix.factor }.flatMap { $0.isFinite ? $0 : nil }
        }
        return Self.number(text[...])
    }

    /// Digits with a point, a sign and an exponent; not the hexadecimal, `nan` and `inf` that Swift would also read.
    private static func number(_ text: Substring) -> Double? {
        let text = text.drop { $0 == " " }
        let trimmed = text.prefix { $0 != " " }
        guard text.dropFirst(trimmed.count).allSatisfy({ $0 == " " }), trimmed.allSatisfy({ "0123456789.+-eE".contains($0) }),
            let value = Double(trimmed), value.isFinite
        else { return nil }
        return value
    }

    /// What would be right, for an error.
    var wish: String {
        let kind = plain == "seconds" ? "a time" : "a number"
        return example.isEmpty
            ? "\(kind) is right" : "\(kind) like \(example) is right" + (plain.isEmpty ? "" : "; a plain one is in \(plain)")
    }
}
