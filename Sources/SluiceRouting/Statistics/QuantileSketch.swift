/// Quantiles of durations between a millisecond and a minute, old samples fading away.
///
/// 64 buckets on a logarithmic scale, each 19 % wider than the one before; within a bucket the value is interpolated. A quantile is
/// wrong by less than a bucket's width, 19 %, and that only where a bucket is filled unevenly. 256 bytes, no allocation.
struct QuantileSketch: Sendable {
    private static let lowest: Float = 0.001
    private static let factor: Float = 1.1876
    private static let lastBucket = 63

    private var buckets = SIMD64<Float>(repeating: 0)
    /// The weight that a sample has now; grows, so that the old ones need no touching.
    private var weight: Float = 1
    private var updated = Moment(nanoseconds: 0)
    private(set) var total: Float = 0

    /// Upper end of each bucket, in seconds.
    private static let ends: [Float] = {
        var ends: [Float] = []
        var end = lowest
        for _ in 0...lastBucket {
            ends.append(end)
            end *= factor
        }
        return ends
    }()

    /// Samples by their present weight.
    var count: Double { Double(total / weight) }

    func count(at now: Moment, halfLife: Double) -> Double {
        let halves = max(0, now.seconds(since: updated)) / halfLife
        return count * Double(Float.exponential(Float(-halves * 0.6931)))
    }

    mutating func add(_ seconds: Double, at now: Moment, halfLife: Double) {
        let halves = max(0, now.seconds(since: updated)) / halfLife
        if updated.nanoseconds == 0 || halves > 60 {
            buckets = SIMD64(repeating: 0)
            total = 0
            weight = 1
        } else if halves > 0 {
            weight /= max(1e-18, Float.exponential(Float(-halves * 0.6931)))
        }
        updated = max(updated, now)
        if weight > 1e18 {
            buckets *= SIMD64(repeating: 1 / weight)
            total /= weight
            weight = 1
        }
        buckets[Self.bucket(of: Float(seconds))] += weight
        total += weight
    }

    /// The three values below which these shares of the samples lie, ascending; zeros without samples.
    func quantiles(_ first: Double, _ second: Double, _ third: Double) -> (Double, Double, Double) {
        guard total > 0 else { return (0, 0, 0) }
        let wanted = SIMD4<Float>(Float(first), Float(second), Float(third), 2) * total
        var found = (0.0, 0.0, 0.0)
        var below: Float = 0
        var next = 0
        for index in 0...Self.lastBucket {
            let here = buckets[index]
            guard here > 0 else { continue }
            while next < 3, below + here >= wanted[next] {
                let start = index == 0 ? 0 : Self.ends[index - 1]
                let value = Double(start + (Self.ends[index] - start) * max(0, (wanted[next] - below) / here))
                switch next {
                case 0: found.0 = value
                case 1: found.1 = value
                default: found.2 = value
                }
                next += 1
            }
            below += here
            if next == 3 { return found }
        }
        // Rounding may leave the last ones a hair above the sum.
        let end = Double(Self.ends[Self.lastBucket])
        if next < 1 { found.0 = end }
        if next < 2 { found.1 = end }
        if next < 3 { found.2 = end }
        return found
    }

    private static func bucket(of seconds: Float) -> Int {
        guard seconds > lowest else { return 0 }
        var low = 0
        var high = lastBucket
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] < seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
