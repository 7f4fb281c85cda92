extension RunSummary.Figure {
    /// What it is, in a table.
    var label: String {
        switch self {
        case .segments: "segments"
        case .misses: "late (deadline missed)"
        case .lost: "lost"
        case .p50Ms: "finish, median"
        case .p95Ms: "finish, 95 %"
        case .p99Ms: "finish, 99 %"
        case .swaps: "swaps"
        case .recoveryMs: "recovery after a fault"
        case .extraWork: "extra work"
        case .cost: "cost"
        case .busiestShare: "busiest, against the mean"
        }
    }

    /// Whether less of it is better. How many segments there were is nobody's merit, and the best of few may well be the busiest.
    var isBetterLower: Bool { self != .segments && self != .busiestShare }

    func text(_ value: Double) -> String {
        switch self {
        case .segments, .misses, .lost, .swaps: value >= 10 ? ReportText.number(value) : ReportText.short(value)
        case .p50Ms, .p95Ms, .p99Ms, .recoveryMs: ReportText.milliseconds(value)
        case .extraWork: ReportText.share(value)
        case .cost: ReportText.wei(value)
        case .busiestShare: "\(ReportText.short(value)) ×"
        }
    }
}

extension RunSummary.Estimate {
    /// Whether the whole interval lies below that of `other`.
    func isClearlyBelow(_ other: Self) -> Bool { value + halfWidth < other.value - other.halfWidth }
}
