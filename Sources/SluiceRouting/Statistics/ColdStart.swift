/// What the first segment of a session takes longer than the ones after it: the orchestrator starts its decoder and its encoders.
/// Learned from the first segments of streams, apart from everything else, so that a session that is warm already is worth its price.
/// One figure for all orchestrators: there are few samples of each, and a chance among them would send streams to the wrong one.
struct ColdStart: Sendable {
    /// Seconds; before anything was seen, what a hardware encoder needs (specs/selection-and-reliability E2).
    private(set) var seconds = 0.3
    private static let weight = 0.05
    private static let longest = 2.0

    /// - Parameter excess: seconds beyond what a segment of a warm session takes there.
    mutating func learn(_ excess: Double) {
        seconds += Self.weight * (max(0, min(Self.longest, excess)) - seconds)
    }

    /// What a cold sample says of warm ones; at least half of it, should the estimate be too high.
    func warm(_ sample: Double) -> Double { max(sample - seconds, sample / 2) }
}
