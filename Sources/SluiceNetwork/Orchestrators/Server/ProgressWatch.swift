import Synchronization

/// Notices that nothing has moved for too long, or that it takes too long as a whole.
final class ProgressWatch: Sendable {
    typealias Instant = ContinuousClock.Instant

    private let silence: Duration
    private let deadline: Instant
    private let last: Mutex<Instant>

    init(silence: Duration, whole: Duration) {
        let now = Instant.now
        self.silence = silence
        deadline = now + whole
        last = Mutex(now)
    }

    func moved() { last.withLock { $0 = .now } }

    /// Returns once it is too late; throws when cancelled.
    func untilLate() async throws {
        while true {
            let due = min(last.withLock { $0 } + silence, deadline)
            if due <= .now { return }
            try await Task.sleep(until: due, clock: .continuous)
        }
    }
}
