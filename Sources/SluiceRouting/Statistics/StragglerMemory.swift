/// What became of attempts that were the only late ones at their orchestrator, at the last moment at which another attempt would have
/// helped: whether they made the deadline all the same. Some cards take ten times as long now and then, and are still in time.
struct StragglerMemory: Sendable {
    private var inTime = 0.0
    private var tooLate = 0.0
    private var updated = Moment(nanoseconds: 0)

    private static let halfLife = 600.0

    /// Chance that the next one will be too late; without memories a half.
    var chanceOfMiss: Double { (tooLate + 0.5) / (inTime + tooLate + 1) }

    /// - Parameter isInTime: `nil` where it was overtaken, and nobody knows.
    mutating func remember(isInTime: Bool?, at now: Moment) {
        let halves = max(0, now.seconds(since: updated)) / Self.halfLife
        let fading = Double(Float.exponential(Float(-halves * 0.6931)))
        let share = isInTime.map { $0 ? 1 : 0 } ?? 0.5
        inTime = inTime * fading + share
        tooLate = tooLate * fading + 1 - share
        updated = max(updated, now)
    }
}
