import SluiceRouting
import SluiceTypes

/// One stream's state for one orchestrator.
struct ReferenceSession {
    struct InFlight {
        var sequence: SegmentSequence
        var since: Moment
        var duration: Double
    }

    let orchestrator: Int
    var tokenSince: Moment
    /// Of the last segment; 0 before the first.
    var score = 0.0
    /// Oldest first.
    var inFlight: [InFlight] = []
    /// Its token has been shown to the orchestrator.
    var wasUsed = false
}

/// The sessions of one stream with one kind of orchestrators, trusted or not (specs/selection-and-reliability A4, A6, A7). Nothing is
/// shared between streams.
struct ReferenceSessionPool {
    let members: [Int]
    /// How many sessions discovery is asked for.
    let wanted: Int
    let refillBelow: Int
    let penalty: Int
    private let settings: ReferenceSettings

    var suspension = ReferenceSuspension()
    private(set) var sessions: [ReferenceSession] = []
    private(set) var selector: ReferenceSelector
    /// The session used last.
    private(set) var last: Int?
    /// `sessMap`: those that are in use or may be.
    private var current: [Int: Int] = [:]
    private var isRefreshing = false

    init(members: [Int], areTrusted: Bool, settings: ReferenceSettings) {
        self.members = members
        self.settings = settings
        let most = areTrusted ? Int(2 * settings.httpTimeout / settings.segmentLength) : members.count
        wanted = min(members.count, most)
        refillBelow = min(settings.refreshThreshold, (wanted + 1) / 2)
        penalty = (max(members.count, 1) + max(wanted, 1) - 1) / max(wanted, 1)
        selector = ReferenceSelector(goodScore: settings.goodScore)
    }

    // MARK: Refreshes

    /// - Returns: false when one is under way already.
    mutating func beginRefresh() -> Bool {
        guard !isRefreshing else { return false }
        isRefreshing = true
        suspension.signalRefresh()
        return true
    }

    /// - Parameter found: orchestrators in the order of discovery. Of one that has a session already, the new one is thrown away.
    mutating func endRefresh(_ found: [Int], at now: Moment) {
        isRefreshing = false
        var added: [Int] = []
        for orchestrator in found where current[orchestrator] == nil {
            sessions.append(ReferenceSession(orchestrator: orchestrator, tokenSince: now))
            current[orchestrator] = sessions.count - 1
            added.append(sessions.count - 1)
        }
        selector.add(added)
    }

    // MARK: Segments

    /// The session for a segment, which is in flight there from now on.
    ///
    /// - Returns: no session when there is none; and whether a refill is due, which does not depend on whether one is under way.
    mutating func choose(_ segment: SegmentSequence, duration: Double, at now: Moment) -> (session: Int?, needsRefill: Bool) {
        guard !members.isEmpty else { return (nil, false) }
        var needsRefill = false
        while true {
            if selector.count < refillBelow { needsRefill = true }
            guard selector.count > 0 || last != nil else { break }
            var chosen = last.flatMap { isReusable($0, durations: 1, at: now) ? $0 : nil }
            var isLast = chosen != nil
            if chosen == nil { chosen = selector.select() }
            if chosen == nil {
                chosen = last.flatMap { isReusable($0, durations: 2, at: now) ? $0 : nil }
                isLast = chosen != nil
            }
            guard let session = chosen else { break }
            if isCurrent(session) {
                last = session
                sessions[session].inFlight.append(.init(sequence: segment, since: now, duration: duration))
                return (session, needsRefill)
            }
            // It was dropped, perhaps by a failure of another segment.
            if isLast { last = nil }
            sessions[session].inFlight = []
        }
        last = nil
        return (nil, needsRefill)
    }

    /// A7, rules 1 and 2.
    private func isReusable(_ session: Int, durations: Double, at now: Moment) -> Bool {
        guard let oldest = sessions[session].inFlight.first else {
            let score = sessions[session].score
            return score > 0 && score <= settings.goodScore
        }
        var limit = durations * oldest.duration
        if limit <= settings.inFlightShort { limit = settings.inFlightFloor }
        return now.seconds(since: oldest.since) < limit
    }

    private func isCurrent(_ session: Int) -> Bool { current[sessions[session].orchestrator] == session }

    /// - Parameter score: `nil` when the segment said nothing about the session.
    mutating func completed(_ session: Int, _ segment: SegmentSequence, score: Double?) {
        sessions[session].inFlight.removeAll { $0.sequence == segment }
        if let score { sessions[session].score = score }
        guard isCurrent(session) else { return }
        let score = sessions[session].score
        // A good one stays the last one. The reference loses one that is good and was left meanwhile; here it goes back.
        if score > 0, score <= settings.goodScore, last == session { return }
        selector.complete(session, score: score)
    }

    /// It is not used again; whether it may be found again is up to the suspension.
    mutating func drop(_ session: Int, suspending: Bool) {
        let orchestrator = sessions[session].orchestrator
        if suspending { suspension.suspend(orchestrator, penalty: penalty) }
        guard isCurrent(session) else { return }
        current[orchestrator] = nil
        selector.remove(session)
    }

    mutating func use(_ session: Int) { sessions[session].wasUsed = true }

    /// The new token names a new session.
    mutating func renewToken(of session: Int, at now: Moment) {
        sessions[session].tokenSince = now
        sessions[session].wasUsed = false
    }

    func needsToken(_ session: Int, at now: Moment) -> Bool {
        now.seconds(since: sessions[session].tokenSince) >= settings.tokenRefreshAge
    }
}
