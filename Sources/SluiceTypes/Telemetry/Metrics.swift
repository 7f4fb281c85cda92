import Synchronization

/// A number that only grows.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    package var value: Int { count.load(ordering: .relaxed) }

    package func increment(by amount: Int = 1) {
        count.add(amount, ordering: .relaxed)
    }
}

/// A number that goes up and down.
package final class Gauge: Sendable {
    private let level = Atomic<Int>(0)

    package var value: Int { level.load(ordering: .relaxed) }

    package func set(_ value: Int) { level.store(value, ordering: .relaxed) }
    package func add(_ amount: Int) { level.add(amount, ordering: .relaxed) }
}

/// A share, 0 to 1; 1 until it is set.
package final class ShareGauge: Sendable {
    private let bits = Atomic<UInt64>(Double(1).bitPattern)

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
}

/// How often a value fell below each of a fixed row of bounds.
package final class Histogram: Sendable {
    package struct Snapshot: Sendable {
        /// Observations at or below each bound, cumulative; the last one has no bound.
        package var cumulative: [Int]
        package var sum: Double
        package var count: Int { cumulative.last ?? 0 }
    }

    private struct State {
        var counts: [Int]
        var sum = 0.0
    }

    package let bounds: [Double]
    private let state: Mutex<State>

    /// - Parameter buckets: upper bounds, ascending.
    package init(buckets: [Double]) {
        bounds = buckets
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    package func observe(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    package var snapshot: Snapshot {
        state.withLock { state in
            var total = 0
            let cumulative = state.counts.map { count in
                total += count
                return total
            }
            return Snapshot(cumulative: cumulative, sum: state.sum)
        }
    }
}
