import Synchronization

package import SluiceTypes

/// The job sessions alive here, and whose they are. A session lives from its first segment to its end, or to
/// `idleLimit` after its last (specs/transcoding-protocol §2.3).
package final class JobSessions: Sendable {
    package static let idleLimit: Duration = .seconds(70)
    /// A ceiling on memory only; the transcode service's own limit is far below.
    package static let most = 1024

    private struct Entry {
        var host: String
        var stream: StreamID
        var running = 0
        var lastUse: ContinuousClock.Instant
    }

    private let entries = Mutex<[SessionID: Entry]>([:])

    package init() {}

    package func isAlive(_ session: SessionID) -> Bool {
        entries.withLock { $0[session] != nil }
    }

    /// Whether this gateway has a session here already, and so asks to go on rather than to begin.
    package func serves(host: String) -> Bool {
        entries.withLock { $0.values.contains { $0.host == host } }
    }

    /// A session that the same gateway had for the same stream and that does nothing now: a refreshed token takes its place.
    package func superseded(by session: SessionID, of stream: StreamID, host: String) -> SessionID? {
        entries.withLock { entries in
            entries.first { $0.key != session && $0.value.stream == stream && $0.value.host == host && $0.value.running == 0 }?.key
        }
    }

    /// - Returns: `false` when there are too many sessions.
    package func begin(_ session: SessionID, of stream: StreamID, host: String, at now: ContinuousClock.Instant) -> Bool {
        entries.withLock { entries in
            guard entries[session] != nil || entries.count < Self.most else { return false }
            var entry = entries[session] ?? Entry(host: host, stream: stream, lastUse: now)
            entry.running += 1
            entry.lastUse = now
            entries[session] = entry
            return true
        }
    }

    package func finish(_ session: SessionID, at now: ContinuousClock.Instant) {
        entries.withLock { entries in
            entries[session]?.running -= 1
            entries[session]?.lastUse = now
        }
    }

    package func remove(_ session: SessionID) {
        entries.withLock { _ = $0.removeValue(forKey: session) }
    }

    /// Takes out the sessions that were idle too long, and returns them.
    package func removeIdle(at now: ContinuousClock.Instant) -> [SessionID] {
        entries.withLock { entries in
            let idle = entries.filter { $0.value.running <= 0 && now - $0.value.lastUse > Self.idleLimit }.map(\.key)
            for session in idle { entries.removeValue(forKey: session) }
            return idle
        }
    }
}
