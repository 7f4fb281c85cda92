import SluiceTypes

/// How many of our streams an orchestrator takes, learned from its refusals: down when it says busy or capped, slowly up again.
/// Streams it serves already are not touched by it.
struct ConcurrencyLimit: Sendable {
    /// Seconds without a refusal before one more is tried.
    private static let raiseAfter = 5.0
    /// Seconds for which one that refused is not asked again at all.
    private static let pause = 1.0

    /// `nil` while it never refused.
    private(set) var limit: Int?
    private var changed = Moment(nanoseconds: 0)
    private(set) var refusedAt: Moment?

    /// Whether a stream that is not there yet may go there.
    func allows(_ sessions: Int, at now: Moment) -> Bool {
        if let refusedAt, now.seconds(since: refusedAt) < Self.pause { return false }
        guard let limit else { return true }
        return sessions < limit
    }

    /// - Parameter sessions: our streams there now.
    mutating func refused(sessions: Int, at now: Moment) {
        refusedAt = now
        limit = max(1, min(sessions, limit ?? sessions))
        changed = now
    }

    mutating func succeeded(sessions: Int, at now: Moment) {
        guard let limit, sessions >= limit, now.seconds(since: changed) > Self.raiseAfter else { return }
        self.limit = limit + 1
        changed = now
    }
}
