/// Bounds what is sent twice: every segment earns a share of a token, every extra attempt costs one.
///
/// Retries of what is already lost may run it into debt, down to its burst; hedges and canaries may not. So in a partial outage the
/// hedges stop first, and what is lost is still sent again.
struct ExtraWorkBudget: Sendable {
    private(set) var tokens: Double

    init(burst: Double) { tokens = burst }

    mutating func earn(_ share: Double, burst: Double) {
        tokens = min(burst, tokens + share)
    }

    mutating func takeForHedge() -> Bool {
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    mutating func takeForRetry(burst: Double) -> Bool {
        guard tokens > -burst else { return false }
        tokens -= 1
        return true
    }
}
