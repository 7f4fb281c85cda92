import SluiceTypes

/// What routing remembers of one stream.
struct StreamRoute: Sendable {
    /// Decisions kept for explanations.
    static let recentDecisions = 64

    var level: ServiceLevel
    var primary: Int?
    /// On another operator where there is one: takes over when the primary is late.
    var standby: Int?
    var standbyChecked: Moment?
    /// A better one than the primary, and for how many segments in a row.
    var challenger: (slot: Int, streak: Int)?
    var segments = 0
    private var inFlight: [(slot: Int, count: Int)] = []
    private(set) var decisions: [RouteDecision] = []
    private var oldest = 0

    init(level: ServiceLevel) { self.level = level }

    func inFlight(at slot: Int) -> Int { inFlight.first { $0.slot == slot }?.count ?? 0 }

    mutating func began(_ slot: Int) {
        if let index = inFlight.firstIndex(where: { $0.slot == slot }) {
            inFlight[index].count += 1
        } else {
            inFlight.append((slot, 1))
        }
    }

    mutating func ended(_ slot: Int) {
        guard let index = inFlight.firstIndex(where: { $0.slot == slot }) else { return }
        inFlight[index].count -= 1
        if inFlight[index].count == 0 { inFlight.remove(at: index) }
    }

    mutating func keep(_ decision: RouteDecision) {
        if decisions.count < Self.recentDecisions {
            decisions.append(decision)
        } else {
            decisions[oldest] = decision
            oldest = (oldest + 1) % Self.recentDecisions
        }
    }

    /// Oldest first.
    var recent: [RouteDecision] { Array(decisions[oldest...] + decisions[..<oldest]) }
}
