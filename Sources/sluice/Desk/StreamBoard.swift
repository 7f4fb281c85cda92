import SluiceRouting
import SluiceTypes
import Synchronization

/// What became of each stream's segments, summed up while they pass: an overview of hundreds of streams costs no look at their history.
final class StreamBoard: Sendable {
    struct Row: Sendable {
        /// Milliseconds since 1970.
        var started: Int64
        var tenant: String?
        var orchestrator: OrchestratorID?
        var sequence: Int64 = -1
        var finishMs: Double?
        var targetMs = 0.0
        var deadlineMs = 0.0
        var segments = 0
        var missed = 0
        var lost = 0
        var hedges = 0
        var retries = 0
        var costWei = 0.0
        /// Finish times of the last segments in ms, the newest last; `nil` for one that was lost.
        var recent: [Double?] = []
        /// Of those, the ones past their deadline; a bit each, the newest lowest.
        var recentMisses: UInt64 = 0
    }

    /// A minute of segments of two seconds.
    static let recentSegments = 32
    /// Streams that ended are forgotten when the playlists are; this holds where a gateway is full of short ones.
    static let most = 20_000

    private let rows: Mutex<[StreamID: Row]> = Mutex([:])

    func opened(_ stream: StreamID, tenant: String?) {
        rows.withLock { rows in
            guard rows[stream] == nil, rows.count < Self.most else { return }
            rows[stream] = Row(started: DeskNote.now, tenant: tenant)
        }
    }

    func ended(_ stream: StreamID) { rows.withLock { $0[stream] = nil } }

    func decided(_ decision: RouteDecision) {
        rows.withLock { rows in
            guard var row = rows[decision.stream] else { return }
            // Taken out, so that its list is changed in place.
            rows[decision.stream] = nil
            row.count(decision)
            rows[decision.stream] = row
        }
    }

    var all: [StreamID: Row] { rows.withLock { $0 } }
    func row(_ stream: StreamID) -> Row? { rows.withLock { $0[stream] } }
}

extension StreamBoard.Row {
    mutating func count(_ decision: RouteDecision) {
        segments += 1
        if decision.isMissed { missed += 1 }
        if decision.failure != nil { lost += 1 }
        for attempt in decision.attempts {
            switch attempt.role {
            case .hedge: hedges += 1
            case .retry: retries += 1
            case .primary, .canary: break
            }
        }
        costWei += decision.cost
        let finish = decision.finish.map { ($0 * 1000).tenths }
        if recent.count == StreamBoard.recentSegments { recent.removeFirst() }
        recent.append(finish)
        recentMisses = (recentMisses << 1 | (decision.isMissed ? 1 : 0)) & (1 << UInt64(StreamBoard.recentSegments) - 1)
        guard decision.sequence.rawValue >= sequence else { return }
        sequence = decision.sequence.rawValue
        finishMs = finish
        targetMs = (decision.target * 1000).tenths
        deadlineMs = (decision.deadline.seconds(since: decision.cut) * 1000).tenths
        orchestrator = decision.attempts.last { $0.result == .won }?.orchestrator ?? decision.choice
    }
}
