/// A setting and the values it is tried at: `latency=0.3..1.0`, or `latency=0.3..1.0/15` for fifteen of them.
struct SweepRange: Hashable {
    static let defaultCount = 8
    /// Each value is a run of all seeds.
    static let mostCount = 100

    let setting: String
    let values: [Double]

    /// - Throws: `SettingsError` naming the text and what would be right.
    init(_ text: String) throws(SettingsError) {
        let wish = "SETTING=FROM..TO is right, as in latency=0.3..1.0, or latency=0.3..1.0/15 for 15 values (2 to \(Self.mostCount))"
        let sides = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard sides.count == 2, !sides[0].isEmpty else { throw SettingsError("--sweep '\(text)': \(wish)") }
        let parts = sides[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let ends = parts[0].split(separator: "..", omittingEmptySubsequences: false).map { Quantity.share.value(of: String($0)) }
        let count = parts.count == 1 ? Self.defaultCount : parts.count == 2 ? Int(parts[1]) : nil
        guard ends.count == 2, let first = ends[0], let last = ends[1], first < last, let count, (2...Self.mostCount).contains(count)
        else { throw SettingsError("--sweep '\(text)': \(wish)") }
        setting = sides[0]
        // Four digits: 0.3 and seven steps to 1.0 are 0.4, not 0.39999999999999997.
        values = (0..<count).map { ((first + (last - first) * Double($0) / Double(count - 1)) * 10_000).rounded() / 10_000 }
    }
}
