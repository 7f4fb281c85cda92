import SluiceTypes

/// Guesses the class of a GPU that nobody declares (a pure transcoder announces none, specs/selection-and-reliability A13) from how
/// long it works on a second of media.
///
/// Chips with an encoder take nearly the same time for the same ladder whatever they cost; without one the work falls to a CPU and
/// takes several times as long. Orchestrators of known class teach what is usual; until there are some, the built-in picture holds.
struct GPUInference: Sendable {
    package struct Verdict: Hashable, Sendable {
        package var gpuClass: GPUClass
        /// 0 to 1.
        package var confidence: Double
    }

    private struct Usual: Sendable {
        /// Logarithm of the work time per unit of span and 2²⁰ pixels per second.
        var mean: Double
        var variance: Double
        var count: Double
    }

    /// Work seconds per span at a 360p30 + 240p30 ladder, and how far classes spread, before anything was learned.
    private var usual: [GPUClass: Usual] = [
        .datacenterEncode: Usual(mean: -3.9, variance: 0.25, count: 4),
        .consumer: Usual(mean: -3.7, variance: 0.3, count: 4),
        .workstation: Usual(mean: -3.8, variance: 0.25, count: 3),
        .cpu: Usual(mean: -2.2, variance: 0.5, count: 4),
        .datacenterCompute: Usual(mean: -2.0, variance: 0.5, count: 2),
    ]

    /// Fewer samples say nothing.
    static let leastSamples = 5.0

    private static func observation(_ statistics: WorkStatistics, _ workClass: WorkClass) -> Double? {
        guard statistics.work.sketch.count >= leastSamples else { return nil }
        let median = statistics.work.sketch.quantiles(0.5, 0.9, 0.99).0
        guard median > 0 else { return nil }
        let weight = max(1, Double(sign: .plus, exponent: workClass.magnitude, significand: 1.5) / 1_048_576 / 12)
        return logarithm(median / weight)
    }

    /// Takes one of known class as an example.
    mutating func learn(_ statistics: WorkStatistics, _ workClass: WorkClass, of gpuClass: GPUClass) {
        guard let value = Self.observation(statistics, workClass) else { return }
        var known = usual[gpuClass] ?? Usual(mean: value, variance: 0.3, count: 0)
        known.count = min(known.count + 1, 200)
        let difference = value - known.mean
        known.mean += difference / known.count
        known.variance = max(0.02, known.variance + (difference * difference - known.variance) / known.count)
        usual[gpuClass] = known
    }

    func verdict(_ statistics: WorkStatistics, _ workClass: WorkClass) -> Verdict? {
        guard let value = Self.observation(statistics, workClass) else { return nil }
        // Equal priors; a normal density in the logarithm for each class.
        let densities = usual.map { entry -> (GPUClass, Double) in
            let distance = value - entry.value.mean
            let exponent = -distance * distance / (2 * entry.value.variance)
            return (entry.key, Double(Float.exponential(Float(exponent))) / entry.value.variance.squareRoot())
        }
        let sum = densities.reduce(0) { $0 + $1.1 }
        guard sum > 0, let best = densities.max(by: { ($0.1, $1.0.rawValue) < ($1.1, $0.0.rawValue) }) else { return nil }
        // Few samples: less sure.
        let trust = min(1, statistics.work.sketch.count / (4 * Self.leastSamples))
        return Verdict(gpuClass: best.0, confidence: best.1 / sum * (0.5 + 0.5 * trust))
    }

    private static func logarithm(_ x: Double) -> Double {
        // ln x = exponent · ln 2 + ln significand, the latter by a short series around 1: exact enough, the same everywhere.
        let significand = x.significand
        let y = (significand - 1) / (significand + 1)
        let y2 = y * y
        let series = 2 * y * (1 + y2 * (1.0 / 3 + y2 * (1.0 / 5 + y2 * (1.0 / 7 + y2 / 9))))
        return Double(x.exponent) * 0.693_147_180_559_945_3 + series
    }
}
