import SluiceTypes

/// What routing remembers of one stream.
struct StreamRoute: Sendable {
    /// What an orchestrator keeps for the stream: its session, until it has been silent for a while.
    struct Session: Sendable {
        let slot: Int
        var inFlight = 0
        var used: Moment
        /// It has answered in it, so the next segment there starts without delay.
        var isWarm = false
    }

    /// Decisions kept for explanations.
    static let recentDecisions = 64
    /// An orchestrator forgets a session that was silent for so many seconds (`transcodeLoopTimeout`, specs A1).
    static let sessionIdle = 70.0
    /// Sessions nearer than this to their end are not counted on.
    private static let sessionMargin = 5.0

    var level: ServiceLevel
    var primary: Int?
    /// On another operator where there is one: takes over when the primary is late.
    var standby: Int?
    var standbyChecked: Moment?
    /// A better one than the primary was seen for so many segments in a row.
    var challenger: (slot: Int, streak: Int)?
    /// Where it goes no more.
    var barred: Set<Int> = []
    /// Where the stream is about to move: a copy of a segment is on its way there.
    var next: Int?
    /// Who has this segment already, since whoever had it first failed or stood still before it was cut.
    var early: (sequence: SegmentSequence, slot: Int)?
    var segments = 0
    private(set) var sessions: [Session] = []
    private(set) var decisions: [RouteDecision] = []
    private var oldest = 0

    init(level: ServiceLevel) { self.level = level }

    func inFlight(at slot: Int) -> Int { sessions.first { $0.slot == slot }?.inFlight ?? 0 }

    func hasSession(at slot: Int) -> Bool { sessions.contains { $0.slot == slot } }

    /// - Parameter lost: sessions from before this are gone.
    func isWarm(at slot: Int, lost: Moment?, now: Moment) -> Bool {
        guard let session = sessions.first(where: { $0.slot == slot }), session.isWarm else { return false }
        if let lost, session.used <= lost { return false }
        return now.seconds(since: session.used) < Self.sessionIdle - Self.sessionMargin
    }

    /// - Returns: whether a session begins.
    mutating func began(_ slot: Int, at now: Moment) -> Bool {
        if let place = sessions.firstIndex(where: { $0.slot == slot }) {
            sessions[place].inFlight += 1
            sessions[place].used = now
            return false
        }
        sessions.append(Session(slot: slot, inFlight: 1, used: now))
        return true
    }

    mutating func ended(_ slot: Int, at now: Moment) {
        guard let place = sessions.firstIndex(where: { $0.slot == slot }) else { return }
        sessions[place].inFlight = max(0, sessions[place].inFlight - 1)
        sessions[place].used = now
    }

    mutating func warmed(_ slot: Int) {
        if let place = sessions.firstIndex(where: { $0.slot == slot }) { sessions[place].isWarm = true }
    }

    /// The orchestrator has none for the stream. - Returns: whether it was thought to.
    mutating func lostSession(_ slot: Int) -> Bool {
        guard let place = sessions.firstIndex(where: { $0.slot == slot }) else { return false }
        if sessions[place].inFlight > 0 {
            sessions[place].isWarm = false
            return false
        }
        sessions.remove(at: place)
        return true
    }

    /// Takes away what orchestrators have forgotten by now, one at a time.
    mutating func takeIdleSession(at now: Moment) -> Int? {
        guard let place = sessions.firstIndex(where: { $0.inFlight == 0 && now.seconds(since: $0.used) > Self.sessionIdle }) else {
            return nil
        }
        return sessions.remove(at: place).slot
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
