/// The figures of all policies side by side, as text; terminal and HTML show the same cells.
struct ComparisonTable {
    struct Cell: Hashable {
        var value: String
        /// `± 4`; empty with one seed.
        var confidence: String
        /// Better than every other policy, beyond the confidence of both.
        var isBest: Bool
    }

    struct Row: Hashable {
        var label: String
        var cells: [Cell]
        /// The first policy against the second, when there are two: `97 % less`.
        var comparison: String
    }

    var policies: [String]
    var rows: [Row]

    init(_ policies: [ReportedPolicy]) {
        self.policies = policies.map(\.name)
        self.rows = RunSummary.Figure.allCases.map { figure in
            let estimates = policies.map { $0.summary[figure] }
            let best = Self.best(figure, estimates)
            let cells = estimates.enumerated().map { index, estimate in
                let value = figure.text(estimate.value)
                let isKnown = estimate.halfWidth > 0
                return Cell(
                    value: value, confidence: isKnown ? ReportText.confidence(figure.text(estimate.halfWidth), of: value) : "",
                    isBest: index == best)
            }
            let comparison = policies.count == 2 && figure != .segments ? Self.comparison(estimates[0].value, with: estimates[1].value) : ""
            return Row(label: figure.label, cells: cells, comparison: comparison)
        }
    }

    /// - Returns: `nil` where no one is clearly better than all others.
    private static func best(_ figure: RunSummary.Figure, _ estimates: [RunSummary.Estimate]) -> Int? {
        guard figure.isBetterLower, estimates.count > 1 else { return nil }
        return estimates.indices.first { index in
            estimates.indices.allSatisfy { $0 == index || estimates[index].isClearlyBelow(estimates[$0]) }
        }
    }

    static func comparison(_ first: Double, with second: Double) -> String {
        guard first != second else { return "equal" }
        guard second != 0 else { return "only here" }
        guard first != 0 else { return "none left" }
        let ratio = first / second
        if ratio < 0.1 { return "1/\(ReportText.short((1 / ratio).rounded())) of it" }
        if ratio > 10 { return "\(ReportText.short(ratio.rounded())) times as much" }
        let percent = ReportText.share((ratio - 1).magnitude)
        return ratio < 1 ? "\(percent) less" : "\(percent) more"
    }
}
