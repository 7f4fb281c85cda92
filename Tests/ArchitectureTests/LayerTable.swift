import Foundation

/// Who may import whom: the table of docs/Architecture.md.
struct LayerTable {
    /// Open to every target.
    static let system: Set<String> = ["Foundation", "FoundationEssentials", "Synchronization", "Glibc", "Darwin", "Dispatch"]

    private(set) var allowed: [String: Set<String>] = [:]

    init(markdown: String) {
        for line in markdown.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: true)
            guard cells.count == 4, let name = Self.names(cells[0]).first else { continue }
            allowed[name] = Set(Self.names(cells[2]) + Self.names(cells[3]))
        }
    }

    func permits(_ module: String, in target: String) -> Bool {
        Self.system.contains(module) || allowed[target]?.contains(module) == true
    }

    /// The modules a source text imports, with the line of each.
    static func imports(of source: String) -> [(line: Int, module: String)] {
        var found: [(Int, String)] = []
        for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var words = line.split(separator: " ").map(String.init)
            while let first = words.first, first.hasPrefix("@") || ["package", "public", "internal", "private"].contains(first) {
                words.removeFirst()
            }
            guard words.first == "import", let module = words.last?.split(separator: ".").first else { continue }
            found.append((index + 1, String(module)))
        }
        return found
    }

    /// What stands between backticks.
    private static func names(_ cell: Substring) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }
}
