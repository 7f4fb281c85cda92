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

    /// Whether times seen now say nothing of those who took them.
    func isSpell(at now: Moment) -> Bool {
        guard holds(at: now), let since else { return false }
        return now.seconds(since: since) < Self.longestSpell
    }

    mutating func used(_ slot: Int) { if !active.contains(slot) { active.append(slot) } }

    /// - Returns: whether it is found to hold.
    mutating func someoneIsLate(_ records: [OrchestratorRecord], at now: Moment) -> Bool {
        active.removeAll { records[$0].inFlight == 0 && now.seconds(since: records[$0].lastUsed ?? now) > Self.activeSpan }
        guard active.count >= Self.fewest else { return false }
        // One late segment is chance; half of what an orchestrator has is not.
        let late = active.count { records[$0].late > 0 && records[$0].late * 2 >= records[$0].inFlight }
        guard Double(late) > Self.share * Double(active.count) else { return false }
        if !holds(at: now) { since = now }
        until = now.advanced(bySeconds: Self.breath)
        return true
    }
}
