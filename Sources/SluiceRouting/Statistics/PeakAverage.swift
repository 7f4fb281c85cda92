import SluiceTypes

/// An average that rises to a peak at once and forgets it slowly (Finagle's peak EWMA): for live video one stall weighs more than ten
/// fast segments.
struct PeakAverage: Sendable {
    private(set) var value = 0.0
    private var updated = Moment(nanoseconds: 0)
    private(set) var isEmpty = true

    mutating func add(_ sample: Double, at now: Moment, span: Double) {
        if isEmpty || sample >= value {
            value = sample
        } else {
            let weight = Float.exponential(Float(-max(0, now.seconds(since: updated)) / span))
            value = value * Double(weight) + sample * Double(1 - weight)
        }
        isEmpty = false
        updated = max(updated, now)
    }
}

extension Float {
    /// eˣ for x ≤ 0, to 0.1 %: enough for weights, and the same on every machine, which a C library's is not.
    static func exponential(_ x: Float) -> Float {
        guard x > -60 else { return 0 }
        // (1 + x/2¹⁰)^(2¹⁰), squared up.
        var result = 1 + x / 1024
        guard result > 0 else { return 0 }
        for _ in 0..<10 { result *= result }
        return result
    }
}
