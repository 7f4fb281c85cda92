/// The comparison as plain text for a terminal.
package enum TextReport {
    package static func render(_ world: ReportedWorld, _ policies: [ReportedPolicy]) -> String {
        let table = ComparisonTable(policies)
        let about = world.scenario.about.isEmpty ? "" : ": \(world.scenario.about)"
        var lines = ["\(world.scenario.name)\(about)", world.sentence, ""]
        let header = [""] + table.policies + (policies.count == 2 ? ["against \(table.policies[1])"] : [])
        let rows = table.rows.map { row in
            [row.label]
                + row.cells.map { cell in
                    (cell.confidence.isEmpty ? cell.value : "\(cell.value) \(cell.confidence)") + (cell.isBest ? " *" : "  ")
                } + (policies.count == 2 ? [row.comparison] : [])
        }
        // Plain spaces: some terminals give a narrow one a whole cell and some none.
        let cells = ([header] + rows).map { $0.map { $0.replacing("\u{202F}", with: " ") } }
        lines += aligned(cells)
        let marked = table.rows.contains { $0.cells.contains(where: \.isBest) }
        if marked {
            lines += ["", world.seeds > 1 ? "* better, beyond the 95 % confidence of both" : "* better; one seed tells no confidence"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// First column to the left, all others to the right.
    static func aligned(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, text) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - text.count)
                line += column == 0 ? text + gap : "   " + gap + text
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
