/// The moments at which one attempt is looked at.
struct AttemptClocks: Sendable {
    /// Past nearly all it ever took: what others see of the same orchestrator decides whether that is chance.
    var lateAt: Moment
    /// Without the early 200 by then the upload is late …
    var uploadBy: Moment
    /// … and by then it is stuck.
    var stuckAt: Moment
    /// The last moment at which another attempt could still make the deadline.
    var hedgeAt: Moment

    /// When it is late, as far as it has come.
    func lateAt(isAccepted: Bool) -> Moment { isAccepted ? lateAt : min(lateAt, uploadBy) }

    /// Below this nobody is called late: it is within the noise of a busy machine.
    static let shortest = 0.05
    private static let uploadMargin = 2.0
    /// Of the promise; a packet that is sent again costs less.
    private static let stuckShare = 0.3
    private static let standbyMargin = 1.3

    /// - Parameters:
    ///   - own: what is predicted of the orchestrator, a cold start included.
    ///   - upload: seconds after which nearly every upload is through, where that is known.
    ///   - promised: seconds within which nobody is called late, as that is what was asked for.
    ///   - left: seconds from now to the deadline.
    ///   - standby: seconds that the one in reserve would need.
    init(
        own: (median: Double, late: Double), upload: Double?, promised: Double, left: Double, standby: Double, isCanary: Bool,
        medianFactor: Double, at now: Moment
    ) {
        let expected = max(own.late, medianFactor * own.median, promised)
        let useful = left - standby * Self.standbyMargin
        // Where there never is time for another attempt, one is made when most have long been answered.
        let hedge = isCanary ? max(expected, useful) : max(useful, own.median)
        let late = isCanary ? hedge : min(expected, hedge)
        let stuck = isCanary ? late : min(late, upload.map { $0 * Self.uploadMargin + Self.shortest } ?? late)
        stuckAt = now.advanced(bySeconds: max(stuck, min(late, Self.stuckShare * promised), Self.shortest))
        lateAt = now.advanced(bySeconds: max(late, Self.shortest))
        uploadBy = now.advanced(bySeconds: max(stuck, Self.shortest))
        hedgeAt = now.advanced(bySeconds: max(hedge, Self.shortest))
    }
}
