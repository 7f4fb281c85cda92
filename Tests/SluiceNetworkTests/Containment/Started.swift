import Foundation
import Synchronization
import Testing

/// Processes that a test has seen.
final class Started: Sendable {
    private let processes = Mutex<[pid_t]>([])

    func add(_ more: [pid_t]) { processes.withLock { $0 += more } }
    var all: [pid_t] { processes.withLock { $0 } }

    func untilGone() async throws {
        let end = ContinuousClock.now + .seconds(20)
        while all.contains(where: Keeping.lives) {
            try #require(ContinuousClock.now < end, "\(all.filter(Keeping.lives)) live on")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
