/// Ages in microseconds, of any number, in a fixed 28 KiB: 64 steps in each doubling, so a quantile is right to 1.6 %.
struct AgeHistogram: Sendable {
    private static let stepBits = 6
    private static let steps = 1 << stepBits
    /// From 64 µs to 2⁶² µs there are so many doublings; below, a step is a microsecond.
    private static let doublings = 56

    private var counts = [UInt64](repeating: 0, count: (doublings + 1) * steps)
    private(set) var count: UInt64 = 0
    private(set) var largest: Int64 = 0

    /// A negative age, of clocks that differ, counts as none.
    mutating func add(_ microseconds: Int64) {
        let value = max(0, microseconds)
        counts[Self.place(of: value)] += 1
        count += 1
        largest = max(largest, value)
    }

    mutating func add(_ other: AgeHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        largest = max(largest, other.largest)
    }

    /// - Returns: microseconds below which this share of the ages lies; `nil` without ages.
    func quantile(_ share: Double) -> Int64? {
        guard count > 0 else { return nil }
        let wanted = UInt64((share * Double(count)).rounded(.up))
        var below: UInt64 = 0
        for (index, here) in counts.enumerated() where here > 0 {
            below += here
            if below >= wanted { return min(Self.end(of: index), largest) }
        }
        return largest
    }

    private static func place(of value: Int64) -> Int {
        guard value >= steps else { return Int(value) }
        let doubling = 63 - value.leadingZeroBitCount - stepBits
        return min((doubling + 1) * steps + Int(value >> Int64(doubling)) - steps, (doublings + 1) * steps - 1)
    }

    /// The largest value of a place.
    private static func end(of place: Int) -> Int64 {
        guard place >= steps else { return Int64(place) }
        let doubling = place / steps - 1
        return (Int64(place % steps + steps + 1) << Int64(doubling)) - 1
    }
}
