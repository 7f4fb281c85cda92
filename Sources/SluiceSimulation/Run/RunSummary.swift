/// The runs of several seeds taken together: counts and cost are summed, the rest is averaged.
package struct RunSummary: Sendable {
    package enum Figure: String, Hashable, Sendable, CaseIterable {
        case segments, misses, lost, p50Ms, p95Ms, p99Ms, swaps, recoveryMs, extraWork, cost, busiestShare

        /// Whether runs are added up; otherwise their mean is taken.
        package var isSummed: Bool {
            switch self {
            case .segments, .misses, .lost, .swaps, .cost: true
            case .p50Ms, .p95Ms, .p99Ms, .recoveryMs, .extraWork, .busiestShare: false
            }
        }

        package func value(in figures: RunFigures) -> Double {
            switch self {
            case .segments: Double(figures.segments)
            case .misses: Double(figures.misses)
            case .lost: Double(figures.lost)
            case .p50Ms: figures.p50Ms
            case .p95Ms: figures.p95Ms
            case .p99Ms: figures.p99Ms
            case .swaps: Double(figures.swaps)
            case .recoveryMs: figures.recoveryMs
            case .extraWork: figures.extraWork
            case .cost: figures.cost
            case .busiestShare: figures.busiestShare
            }
        }
    }

    package struct Estimate: Hashable, Sendable {
        package var value: Double
        /// Half the width of the 95 % confidence interval (Student's t over the seeds); 0 for a single seed, where nothing is known.
        package var halfWidth: Double
    }

    package let seeds: Int
    /// Sums and means, as `Figure.isSummed` says; `load` is summed.
    package let figures: RunFigures
    private let estimates: [Figure: Estimate]

    /// - Parameter runs: one of each seed, in the order of the seeds.
    package init(_ runs: [RunFigures]) {
        seeds = runs.count
        var estimates: [Figure: Estimate] = [:]
        for figure in Figure.allCases { estimates[figure] = Self.estimate(figure, of: runs) }
        self.estimates = estimates
        let value: (Figure) -> Double = { estimates[$0]?.value ?? 0 }
        var figures = RunFigures()
        figures.segments = runs.reduce(0) { $0 + $1.segments }
        figures.misses = runs.reduce(0) { $0 + $1.misses }
        figures.lost = runs.reduce(0) { $0 + $1.lost }
        figures.swaps = runs.reduce(0) { $0 + $1.swaps }
        figures.p50Ms = value(.p50Ms)
        figures.p95Ms = value(.p95Ms)
        figures.p99Ms = value(.p99Ms)
        figures.recoveryMs = value(.recoveryMs)
        figures.extraWork = value(.extraWork)
        figures.cost = value(.cost)
        figures.busiestShare = value(.busiestShare)
        for run in runs { figures.load.merge(run.load) { $0 + $1 } }
        self.figures = figures
    }

    package subscript(figure: Figure) -> Estimate { estimates[figure] ?? Estimate(value: 0, halfWidth: 0) }

    private static func estimate(_ figure: Figure, of runs: [RunFigures]) -> Estimate {
        guard !runs.isEmpty else { return Estimate(value: 0, halfWidth: 0) }
        let values = runs.map(figure.value)
        let count = Double(values.count)
        let sum = values.reduce(0, +)
        let mean = sum / count
        let scale = figure.isSummed ? count : 1
        guard values.count > 1 else { return Estimate(value: mean * scale, halfWidth: 0) }
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let halfWidth = studentT(degreesOfFreedom: values.count - 1) * (variance / count).squareRoot()
        return Estimate(value: figure.isSummed ? sum : mean, halfWidth: halfWidth * scale)
    }

    /// The 97.5 % quantile. Exact to 0.005: a table, then its first-order tail.
    static func studentT(degreesOfFreedom: Int) -> Double {
        let table = [
            12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110,
            2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
        ]
        return degreesOfFreedom <= table.count ? table[max(degreesOfFreedom, 1) - 1] : 1.96 + 2.45 / Double(degreesOfFreedom)
    }
}
