/// Versions as the network compares them: semantic, pre-release suffixes do not count (specs/transcoding-protocol §5.5).
package enum VersionText {
    /// An unreadable minimum passes, an unreadable version does not.
    package static func isAtLeast(_ version: String, _ minimum: String) -> Bool {
        if minimum.isEmpty { return true }
        guard let least = numbers(of: minimum) else { return true }
        guard let actual = numbers(of: version) else { return false }
        return !actual.lexicographicallyPrecedes(least)
    }

    private static func numbers(of version: String) -> [Int]? {
        var text = version[...]
        if text.first == "v" { text = text.dropFirst() }
        text = text.prefix { $0 != "-" && $0 != "+" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...3).contains(parts.count) else { return nil }
        var numbers: [Int] = []
        for part in parts {
            guard let part, part >= 0 else { return nil }
            numbers.append(part)
        }
        return numbers + Array(repeating: 0, count: 3 - numbers.count)
    }
}
