/// Puts one rendition's results back into the order of their segments.
///
/// Every ordinal must be settled exactly once, with a value or as missing, by whoever dispatched it; what lies behind an
/// unsettled ordinal waits. The wait is bounded by the dispatch deadline, the memory by the stream's segments in flight.
package struct ReassemblyWindow<Outcome> {
    private var waiting: [Int64: Outcome] = [:]
    private var nextOrdinal: Int64

    package init(firstOrdinal: Int64 = 0) { self.nextOrdinal = firstOrdinal }

    /// - Returns: what can be published now, in order. Empty while an earlier one is missing, and for an ordinal that was
    ///   settled before.
    package mutating func settle(_ ordinal: Int64, _ outcome: Outcome) -> [Outcome] {
        guard ordinal >= nextOrdinal, waiting[ordinal] == nil else { return [] }
        waiting[ordinal] = outcome
        var ready: [Outcome] = []
        while let outcome = waiting.removeValue(forKey: nextOrdinal) {
            ready.append(outcome)
            nextOrdinal += 1
        }
        return ready
    }

    /// Results that wait for an earlier one.
    package var waitingCount: Int { waiting.count }
}
