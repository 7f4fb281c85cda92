package import SluiceTypes

/// Who may have work done: so many sessions, so many segments waiting in each. Pure: time is an argument.
package struct Admission: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Settings: Sendable {
        package var maxSessions: Int
        /// Segments of one session that wait behind the one being worked on.
        package var queuedSegments: Int
        /// A session without a segment for this long is dropped (specs/transcoding-protocol §2.3).
        package var idleAfter: Duration

        package init(maxSessions: Int = 10, queuedSegments: Int = 4, idleAfter: Duration = .seconds(70)) {
            self.maxSessions = maxSessions
            self.queuedSegments = queuedSegments
            self.idleAfter = idleAfter
        }
    }

    /// One admitted segment; given back by `done`. It counts only in the life of the session that admitted it: a session that was
    /// ended and begun anew owes nothing to segments from before.
    package struct Pass: Sendable {
        let session: SessionID
        let life: Int
    }

    private struct Record {
        let life: Int
        var pending = 0
        var lastUsed: Instant
    }

    private let settings: Settings
    private var records: [SessionID: Record] = [:]
    private var lives = 0

    package init(settings: Settings) { self.settings = settings }

    package var sessionCount: Int { records.count }
    package var pendingCount: Int { records.values.reduce(0) { $0 + $1.pending } }

    /// A session that is served already always has room.
    package func hasRoom(for session: SessionID?) -> Bool {
        if let session, records[session] != nil { return true }
        return records.count < settings.maxSessions
    }

    /// - Throws: `busy`, with the reference's words for it (specs/transcoding-protocol §3.6).
    package mutating func admit(_ session: SessionID, at now: Instant) throws(SegmentFailure) -> Pass {
        guard hasRoom(for: session) else { throw SegmentFailure(.busy, "OrchestratorCapped") }
        var record = records[session] ?? begin(at: now)
        guard record.pending <= settings.queuedSegments else { throw SegmentFailure(.busy, "OrchestratorBusy") }
        record.pending += 1
        record.lastUsed = now
        records[session] = record
        return Pass(session: session, life: record.life)
    }

    package mutating func done(_ pass: Pass, at now: Instant) {
        guard var record = records[pass.session], record.life == pass.life else { return }
        record.pending -= 1
        record.lastUsed = now
        records[pass.session] = record
    }

    package mutating func end(_ session: SessionID) {
        records[session] = nil
    }

    /// Drops and returns the sessions that were idle for too long.
    package mutating func expire(at now: Instant) -> [SessionID] {
        let idle = records.filter { $0.value.pending == 0 && $0.value.lastUsed.duration(to: now) >= settings.idleAfter }.map(\.key)
        for session in idle { records[session] = nil }
        return idle
    }

    private mutating func begin(at now: Instant) -> Record {
        lives += 1
        return Record(life: lives, lastUsed: now)
    }
}
