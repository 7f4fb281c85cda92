/// Tells the slowness of one orchestrator from that of all: when most of those in use are late within a breath, the cause is likelier
/// ours (an uplink that is full, our machine), and nobody is blamed.
struct SharedCause: Sendable {
    /// Slots used lately.
    private var active: [Int] = []
    private var since: Moment?
    private var until: Moment?

    private static let activeSpan = 5.0
    private static let breath = 2.0
    private static let share = 0.6
    private static let fewest = 3
    /// What goes on for longer is no spell but how things are; then it is learned like everything else.
    private static let longestSpell = 30.0

    func holds(at now: Moment) -> Bool { until.map { now < $0 } ?? false }

    /// Whether it held at any moment since then: what was under way meanwhile says nothing of who had it.
    func held(since start: Moment) -> Bool { until.map { start < $0 } ?? false }

    /// Whether times seen now say nothing of those who took them.
    func isSpell(at now: Moment) -> Bool {
        guard holds(at: now), let since else { return false }
        return now.seconds(since: since) < Self.longestSpell
    }

    mutating func used(_ slot: Int) { if !active.contains(slot) { active.append(slot) } }

    /// - Returns: whether it is found to hold.
    mutating func someoneIsLate(_ records: [OrchestratorRecord], at now: Moment) -> Bool {
        // One late segment is chance; half of what an orchestrator has is not.
        func isLate(_ slot: Int) -> Bool { records[slot].late > 0 && records[slot].late * 2 >= records[slot].inFlight }
        func isWell(_ slot: Int) -> Bool { records[slot].lastSuccess.map { now.seconds(since: $0) <= Self.activeSpan } ?? false }
        active.removeAll { records[$0].inFlight == 0 && !isWell($0) }
        // Whose work is young, and who brought nothing home lately, says neither.
        let late = active.count(where: isLate)
        let well = active.count { !isLate($0) && isWell($0) }
        guard late + well >= Self.fewest, Double(late) > Self.share * Double(late + well) else { return false }
        if !holds(at: now) { since = now }
        until = now.advanced(bySeconds: Self.breath)
        return true
    }
}
