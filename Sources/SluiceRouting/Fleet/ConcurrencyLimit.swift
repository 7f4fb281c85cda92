import SluiceTypes

/// How many of our sessions an orchestrator takes, learned from its refusals: down when it says that it is full, slowly up again.
///
/// Two refusals are told apart. A stream that has no session there yet was refused one (`OrchestratorCapped`): those that have one are
/// not touched by it. A stream that has one was refused a segment (`OrchestratorBusy`): nobody is served there for the moment.
struct ConcurrencyLimit: Sendable {
    /// Seconds without a refusal before one more is tried.
    private static let raiseAfter = 5.0
    /// Seconds for which one that refused is not asked again.
    private static let pause = 1.0
    /// Seconds for which a refusal is remembered where there is a choice.
    private static let scarce = 120.0

    /// Sessions; `nil` while it never refused one.
    private(set) var limit: Int?
    private var changed = Moment(nanoseconds: 0)
    private(set) var cappedAt: Moment?
    private(set) var busyUntil: Moment?
    private var refusedAt: Moment?

    /// Whether it takes segments of the streams that it serves.
    func isBusy(at now: Moment) -> Bool { busyUntil.map { now < $0 } ?? false }

    /// Whether a stream that has no session there may open one.
    func allows(_ sessions: Int, at now: Moment) -> Bool {
        guard !isBusy(at: now) else { return false }
        if let cappedAt, now.seconds(since: cappedAt) < Self.pause { return false }
        guard let limit else { return true }
        return sessions < limit
    }

    /// Whether there is enough room for what can do without: tests, and streams that are served well elsewhere. Each takes its place
    /// for a minute beyond its time.
    func hasRoom(_ sessions: Int, at now: Moment) -> Bool {
        if let refusedAt, now.seconds(since: refusedAt) < Self.scarce { return false }
        return limit.map { sessions * 2 < $0 } ?? true
    }

    /// When it may be asked again, whatever the limit says.
    ///
    /// - Parameter isServed: the stream has a session there.
    func nextChance(isServed: Bool) -> Moment? {
        guard !isServed, let cappedAt else { return busyUntil }
        return max(cappedAt.advanced(bySeconds: Self.pause), busyUntil ?? cappedAt)
    }

    /// - Parameter sessions: ours there, the refused one left out.
    mutating func refusedSession(_ sessions: Int, at now: Moment) {
        cappedAt = now
        refusedAt = now
        limit = max(1, min(sessions, limit ?? sessions))
        changed = now
    }

    mutating func refusedSegment(at now: Moment) {
        busyUntil = now.advanced(bySeconds: Self.pause)
        refusedAt = now
    }

    mutating func succeeded(sessions: Int, at now: Moment) {
        busyUntil = nil
        guard let limit, sessions >= limit, now.seconds(since: changed) > Self.raiseAfter else { return }
        self.limit = limit + 1
        changed = now
    }
}
