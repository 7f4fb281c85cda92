import SluiceRouting

/// One round of asking everybody (specs/selection-and-reliability A3).
struct ReferenceDiscovery {
    let began: Moment
    private let wanted: Int
    private let asked: Int
    private var answers = 0
    private var good: [(orchestrator: Int, roundTrip: Double)] = []
    private var suspended: [(orchestrator: Int, penalty: Int)] = []

    /// - Parameters:
    ///   - asked: how many are.
    ///   - wanted: how many good answers are enough.
    init(asked: Int, wanted: Int, at now: Moment) {
        self.asked = asked
        self.wanted = wanted
        began = now
    }

    /// - Parameters:
    ///   - isGood: it answered, and can do the job.
    ///   - penalty: above 0 for a suspended one.
    /// - Returns: whether the round is over.
    mutating func answered(_ orchestrator: Int, isGood: Bool, roundTrip: Double, penalty: Int) -> Bool {
        answers += 1
        if isGood, penalty == 0 { good.append((orchestrator, roundTrip)) }
        if isGood, penalty > 0 { suspended.append((orchestrator, penalty)) }
        return isComplete
    }

    /// Enough good answers, or everybody's.
    var isComplete: Bool { good.count >= wanted || answers >= asked }

    /// Between ticks nobody looks at what there is.
    ///
    /// - Returns: whether the round is over.
    func tick(isLast: Bool) -> Bool { isLast || !good.isEmpty }

    /// By round trip; where there are too few, the suspended ones follow, lowest penalty first.
    var result: [Int] {
        let best = good.enumerated().sorted { ($0.element.roundTrip, $0.offset) < ($1.element.roundTrip, $1.offset) }
        let rest = suspended.enumerated().sorted { ($0.element.penalty, $0.offset) < ($1.element.penalty, $1.offset) }
        return Array((best.map(\.element.orchestrator) + rest.map(\.element.orchestrator)).prefix(wanted))
    }
}
