/// Which session comes next when the last one is not used again: `MinLSSelector` (specs/selection-and-reliability A6), off-chain, where
/// neither stake nor price is known.
struct ReferenceSelector {
    private let goodScore: Double
    /// With their last score.
    private var known: [(session: Int, score: Double)] = []
    /// In the order of discovery, which is that of round trips.
    private var unknown: [Int] = []

    init(goodScore: Double) { self.goodScore = goodScore }

    var count: Int { known.count + unknown.count }

    mutating func add(_ sessions: [Int]) { unknown += sessions }

    /// A session comes back with its score; one that is here already keeps its place and takes the new score, where the reference
    /// would count it twice.
    mutating func complete(_ session: Int, score: Double) {
        if let place = known.firstIndex(where: { $0.session == session }) {
            known[place].score = score
        } else {
            known.append((session, score))
        }
    }

    mutating func remove(_ session: Int) {
        known.removeAll { $0.session == session }
        unknown.removeAll { $0 == session }
    }

    mutating func select() -> Int? {
        guard let best = known.indices.min(by: { known[$0].score < known[$1].score }) else { return selectUnknown() }
        if known[best].score > goodScore, !unknown.isEmpty { return selectUnknown() }
        return known.remove(at: best).session
    }

    private mutating func selectUnknown() -> Int? { unknown.isEmpty ? nil : unknown.removeFirst() }
}
