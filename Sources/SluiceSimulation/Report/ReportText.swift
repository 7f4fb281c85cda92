/// Numbers as a person reads them in a report.
enum ReportText {
    /// With a fixed number of digits after the point; thousands are set apart from 10 000 on.
    static func number(_ value: Double, places: Int = 0) -> String {
        guard value.isFinite else { return "–" }
        let scale = [1.0, 10, 100, 1000, 10_000][min(max(places, 0), 4)]
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let whole = Int(scaled)
        var text = grouped(whole / Int(scale))
        if places > 0 {
            let digits = "\(whole % Int(scale))"
            text += "." + String(repeating: "0", count: places - digits.count) + digits
        }
        return (value < 0 && whole > 0 ? "−" : "") + text
    }

    private static func grouped(_ value: Int) -> String {
        let digits = Array("\(value)")
        guard digits.count > 4 else { return String(digits) }
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append("\u{202F}") }
            text.append(digit)
        }
        return text
    }

    /// About three figures, no zeros at the end: 0.25, 3.1, 42, 1200.
    static func short(_ value: Double) -> String {
        let size = value.magnitude
        let places = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
        return trimmed(number(value, places: places))
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// Milliseconds below a second, seconds above.
    static func milliseconds(_ value: Double) -> String {
        value.magnitude < 1000 ? "\(number(value)) ms" : "\(short(value / 1000)) s"
    }

    static func seconds(_ value: Double) -> String { milliseconds(value * 1000) }

    /// Whole minutes and hours where it is some.
    static func span(_ seconds: Double) -> String {
        if seconds >= 3600 { return "\(short(seconds / 3600)) h" }
        if seconds >= 60 { return "\(short(seconds / 60)) min" }
        return "\(short(seconds)) s"
    }

    static func share(_ value: Double) -> String {
        let percent = value * 100
        if percent.magnitude < 10 { return "\(short(percent)) %" }
        // Near the whole the digits after the nines are what matters.
        if value > 0.99, value < 1 { return "\(trimmed(number(percent, places: value > 0.999 ? 3 : 2))) %" }
        return "\(number(percent)) %"
    }

    /// In the unit of Ether that leaves few digits.
    static func wei(_ value: Double) -> String {
        switch value.magnitude {
        case 0: "0"
        case 1e18...: "\(short(value / 1e18)) ETH"
        case 1e15...: "\(short(value / 1e15)) mETH"
        case 1e12...: "\(short(value / 1e12)) µETH"
        case 1e9...: "\(short(value / 1e9)) gwei"
        default: "\(short(value)) wei"
        }
    }

    /// `± 4`; the unit is left out where it is that of the value.
    static func confidence(_ halfWidth: String, of value: String) -> String {
        let parts = halfWidth.split(separator: " ")
        let isSameUnit = parts.count == 2 && value.split(separator: " ").last == parts[1]
        return "± \(isSameUnit ? String(parts[0]) : halfWidth)"
    }

    /// `1 seed`, `10 seeds`.
    static func count(_ value: Int, _ word: String) -> String {
        "\(number(Double(value))) \(word)\(value == 1 ? "" : "s")"
    }
}
