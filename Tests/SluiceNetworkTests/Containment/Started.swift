import Foundation
import NIOPosix
import Synchronization
import Testing

/// Processes that a test has seen.
final class Started: Sendable {
    private static let limit: Duration = .seconds(20)
    private let processes = Mutex<[pid_t]>([])

    func add(_ more: [pid_t]) { processes.withLock { $0 += more } }
    var all: [pid_t] { processes.withLock { $0 } }

    func untilGone() async throws {
        let (all, end) = (all, ContinuousClock.now + Self.limit)
        let left = try await NIOThreadPool.singleton.runIfActive { all.filter { !Self.ends($0, by: end) } }
        try #require(left.isEmpty, "\(left) live on")
    }

    /// Blocks until it has ended, which the kernel tells (pidfd_open(2); Swift's Glibc leaves it out).
    private static func ends(_ process: pid_t, by end: ContinuousClock.Instant) -> Bool {
        typealias Open = @convention(c) (pid_t, UInt32) -> Int32
        guard let symbol = dlsym(nil, "pidfd_open") else { return false }
        let descriptor = unsafeBitCast(symbol, to: Open.self)(process, 0)
        guard descriptor >= 0 else { return errno == ESRCH }
        defer { close(descriptor) }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let left = max(.zero, ContinuousClock.now.duration(to: end))
        return poll(&entry, 1, Int32(left.components.seconds * 1000)) > 0
    }
}
