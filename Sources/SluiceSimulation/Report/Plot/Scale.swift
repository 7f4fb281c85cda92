import Foundation

/// From values to places along an axis.
struct Scale {
    enum Kind {
        case linear
        case logarithmic
        /// Equal steps from 0 to 90, 99 and 99.9 %: the tail, where policies differ, gets as much room as the rest.
        case nines
    }

    let kind: Kind
    let domain: ClosedRange<Double>
    /// Places of the ends of the domain; the second may be the smaller one.
    let places: (Double, Double)

    func place(_ value: Double) -> Double {
        let low = straightened(domain.lowerBound)
        let high = straightened(domain.upperBound)
        let share = high > low ? (straightened(min(max(value, domain.lowerBound), domain.upperBound)) - low) / (high - low) : 0
        return places.0 + share * (places.1 - places.0)
    }

    private func straightened(_ value: Double) -> Double {
        switch kind {
        case .linear: value
        case .logarithmic: log10(max(value, .leastNormalMagnitude))
        case .nines: -log10(max(1 - value, 1e-12))
        }
    }

    /// From 0 to a round number not below `largest`, with about `count` steps.
    static func linear(to largest: Double, count: Int = 5, places: (Double, Double)) -> (scale: Scale, ticks: [Double]) {
        let step = roundStep(largest > 0 && largest.isFinite ? largest / Double(count) : 1)
        let steps = max(1, (largest / step).rounded(.up))
        let scale = Scale(kind: .linear, domain: 0...(steps * step), places: places)
        return (scale, (0...Int(steps)).map { Double($0) * step })
    }

    /// 1, 2 or 5 times a power of ten, not below `step`.
    private static func roundStep(_ step: Double) -> Double {
        let power = pow(10, floor(log10(step)))
        return ([1, 2, 5, 10].first { $0 * power >= step * 0.999 } ?? 10) * power
    }

    /// Over at least a factor of ten around the values, with ticks at 1, 2 and 5.
    static func logarithmic(_ values: ClosedRange<Double>, places: (Double, Double)) -> (scale: Scale, ticks: [Double]) {
        let low = max(values.lowerBound, 1e-9)
        let high = max(values.upperBound, low * 10)
        var ticks: [Double] = []
        for exponent in Int(floor(log10(low)))...Int(ceil(log10(high))) {
            for factor in [1.0, 2, 5] { ticks.append(factor * pow(10, Double(exponent))) }
        }
        let first = ticks.last { $0 <= low * 1.001 } ?? low
        let last = ticks.first { $0 >= high * 0.999 } ?? high
        return (Scale(kind: .logarithmic, domain: first...last, places: places), ticks.filter { $0 >= first && $0 <= last })
    }

    /// From 0 to the last tick that `resolution` (a share of all, such as one segment of them) can show.
    static func nines(resolution: Double, places: (Double, Double)) -> (scale: Scale, ticks: [Double]) {
        let ticks = [0, 0.5, 0.9, 0.99, 0.999, 0.9999].filter { $0 <= 0.99 || 1 - $0 >= resolution }
        return (Scale(kind: .nines, domain: 0...(ticks.last ?? 0.99), places: places), ticks)
    }
}
