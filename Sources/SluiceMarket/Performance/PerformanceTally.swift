/// Sums over outcomes: an hour of them, a day, or all. A few hundred bytes; two can be added.
package struct PerformanceTally: Hashable, Sendable {
    package var done = 0
    package var failed = 0
    package var overtaken = 0
    package var full = 0
    package var inTime = 0
    package var swaps = 0
    package var pixelsExpected = 0.0
    package var pixels = 0.0
    package var bitsExpected = 0.0
    package var bits = 0.0
    package var wei = 0.0
    /// Seconds of media of what was done.
    package var media = 0.0
    /// Unix seconds of the newest fault; 0: none.
    package var lastFault: Int64 = 0
    /// What the pictures of sampled segments were like.
    package var pictures = PictureTally()
    /// How often the finish fell into each step of `LatencySteps`.
    package var finishes = SIMD32<UInt32>(repeating: 0)

    package init() {}

    /// Attempts that say something of it.
    package var count: Int { done + failed + overtaken }
    package var isEmpty: Bool { count == 0 && full == 0 && pictures.count == 0 }

    package mutating func add(_ outcome: WorkOutcome, at now: Int64) {
        if outcome.isSwap { swaps += 1 }
        switch outcome.end {
        case .done:
            done += 1
            if outcome.isInTime { inTime += 1 }
            media += outcome.duration
            wei += outcome.wei
            if outcome.pixelsExpected > 0, outcome.pixels > 0 {
                pixelsExpected += outcome.pixelsExpected
                // More than was asked for does not make up for what was missing before.
                pixels += min(Double(outcome.pixels), outcome.pixelsExpected)
            }
            if outcome.bitsExpected > 0, outcome.bits > 0 {
                bitsExpected += outcome.bitsExpected
                bits += outcome.bits
            }
        case .failed:
            failed += 1
            lastFault = now
        case .overtaken:
            overtaken += 1
            lastFault = now
        case .full: full += 1
        case .stopped: return
        }
        if let finish = outcome.finish, outcome.duration > 0 { finishes[LatencySteps.step(of: finish / outcome.duration)] &+= 1 }
    }

    /// A poor one is a fault.
    package mutating func add(_ sample: PictureSample, at now: Int64) {
        pictures.add(sample)
        if sample.isPoor { lastFault = now }
    }

    /// Of what was asked for, what came; `nil` where nothing is known. Above 1 for an encoder that spends more.
    package var bitrateKept: Double? { bitsExpected > 0 ? bits / bitsExpected : nil }

    package static func += (left: inout PerformanceTally, right: PerformanceTally) {
        left.done += right.done
        left.failed += right.failed
        left.overtaken += right.overtaken
        left.full += right.full
        left.inTime += right.inTime
        left.swaps += right.swaps
        left.pixelsExpected += right.pixelsExpected
        left.pixels += right.pixels
        left.bitsExpected += right.bitsExpected
        left.bits += right.bits
        left.wei += right.wei
        left.media += right.media
        left.lastFault = max(left.lastFault, right.lastFault)
        left.pictures += right.pictures
        left.finishes = left.finishes &+ right.finishes
    }

    /// Seconds of work for a second of media below which this share of the finishes lies; `nil` without any.
    package func finish(_ share: Double) -> Double? { LatencySteps.quantile(share, of: finishes) }
}

/// Steps of finish times as shares of the duration, each a fifth and a little wider than the one before: 1 % to 4 durations.
package enum LatencySteps {
    private static let lowest = 0.01
    private static let factor = 1.2134

    private static let ends: [Double] = {
        var ends: [Double] = []
        var end = lowest
        for _ in 0..<32 {
            ends.append(end)
            end *= factor
        }
        return ends
    }()

    static func step(of share: Double) -> Int { ends.firstIndex { share <= $0 } ?? 31 }

    static func quantile(_ share: Double, of counts: SIMD32<UInt32>) -> Double? {
        let total = (0..<32).reduce(0.0) { $0 + Double(counts[$1]) }
        guard total > 0 else { return nil }
        let wanted = share * total
        var below = 0.0
        for step in 0..<32 where counts[step] > 0 {
            let here = Double(counts[step])
            if below + here >= wanted {
                let start = step == 0 ? 0 : ends[step - 1]
                return start + (ends[step] - start) * max(0, (wanted - below) / here)
            }
            below += here
        }
        return ends[31]
    }
}
