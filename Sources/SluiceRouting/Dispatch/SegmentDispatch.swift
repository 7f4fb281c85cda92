package import SluiceTypes

/// Decides what happens to one segment between "ready" and "answered": whom to send it to, until when, and who is next.
///
/// Pure: the caller passes the time in and carries the returned action out. Candidates are taken in order; when all were
/// tried and time is left, the round starts again after a pause, so that the only orchestrator may come back.
package struct SegmentDispatch: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Settings: Sendable {
        /// From the cut of the segment to giving up.
        package var deadline: Duration
        package var attempts: Int
        /// Before an orchestrator is asked a second time for the same segment.
        package var pause: Duration = .milliseconds(200)

        package init(deadline: Duration = .seconds(8), attempts: Int = 3) {
            self.deadline = deadline
            self.attempts = attempts
        }
    }

    package enum Action: Equatable, Sendable {
        case submit(to: OrchestratorID, after: Duration, until: Instant)
        case giveUp(SegmentFailure)
    }

    private let settings: Settings
    private let candidates: [OrchestratorID]
    private let deadline: Instant
    private var tried = 0

    /// - Parameters:
    ///   - candidates: best first.
    ///   - cut: when the segment was complete; the deadline counts from here.
    package init(candidates: [OrchestratorID], cut: Instant, settings: Settings) {
        self.settings = settings
        self.candidates = candidates
        self.deadline = cut.advanced(by: settings.deadline)
    }

    package mutating func start(at now: Instant) -> Action {
        next(at: now, after: nil)
    }

    /// The attempt in flight failed; the failure decides whether another is worth it.
    package mutating func failed(_ failure: SegmentFailure, at now: Instant) -> Action {
        guard failure.isWorthRetryingElsewhere else { return .giveUp(failure) }
        return next(at: now, after: failure)
    }

    private mutating func next(at now: Instant, after failure: SegmentFailure?) -> Action {
        guard !candidates.isEmpty else {
            return .giveUp(failure ?? SegmentFailure(.unreachable, "no orchestrator can take this segment"))
        }
        guard tried < settings.attempts else {
            return .giveUp(failure ?? SegmentFailure(.timedOut, "no attempt allowed"))
        }
        let pause = tried < candidates.count ? .zero : settings.pause
        guard now.advanced(by: pause) < deadline else {
            return .giveUp(failure ?? SegmentFailure(.timedOut, "the deadline of \(settings.deadline) passed before it was sent"))
        }
        let candidate = candidates[tried % candidates.count]
        tried += 1
        // While another attempt may follow, one that is silent gets half of what is left, so that the next still has time.
        let remaining = now.duration(to: deadline)
        let share = tried < settings.attempts ? remaining / 2 : remaining
        return .submit(to: candidate, after: pause, until: now.advanced(by: pause + share))
    }
}
