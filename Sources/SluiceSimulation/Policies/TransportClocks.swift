import SluiceRouting
import SluiceTypes

/// The clocks of the production transport, which routing hears of as failures: the same as `LivepeerTransport.Clocks`.
struct TransportClocks {
    /// Seconds until the early 200, or half the segment's duration where that is longer; and from the result to a rendition.
    static let header = 8.0
    static let download = 4.0
    /// An information call.
    static let answer = 2.5
    /// From one information call to the next; after a failed one, twice as long each time.
    static let refresh = 10.0
    static let firstRetry = 0.5
    static let longestRetry = 5.0

    struct Attempt {
        let id: AttemptID
        let orchestrator: OrchestratorID
        fileprivate var due: Moment
        fileprivate var isTranscoded = false
    }

    private var running: [SegmentKey: [Attempt]] = [:]

    /// - Returns: when to look at it, see `expire`.
    mutating func sent(
        _ id: AttemptID, of segment: SegmentKey, to orchestrator: OrchestratorID, duration: Double, at now: Moment
    ) -> Moment {
        let due = now.advanced(bySeconds: max(Self.header, duration / 2))
        running[segment, default: []].append(Attempt(id: id, orchestrator: orchestrator, due: due))
        return due
    }

    func orchestrator(of id: AttemptID, of segment: SegmentKey) -> OrchestratorID? {
        running[segment]?.first { $0.id == id }?.orchestrator
    }

    /// - Returns: when to look at it next, where that changes.
    mutating func happened(_ event: AttemptEvent, to id: AttemptID, of segment: SegmentKey, at now: Moment) -> Moment? {
        guard let place = running[segment]?.firstIndex(where: { $0.id == id }) else { return nil }
        switch event {
        // The whole call has a clock too, but a segment is given up before it runs out.
        case .accepted: running[segment]?[place].due = .distantFuture
        case .transcoded:
            let due = now.advanced(bySeconds: Self.download)
            running[segment]?[place].due = due
            running[segment]?[place].isTranscoded = true
            return due
        case .firstByte, .rendition: break
        case .finished, .failed: stopped(id, of: segment)
        }
        return nil
    }

    /// Those whose clock has run out; they have ended with this.
    mutating func expire(_ segment: SegmentKey, at now: Moment) -> [(attempt: Attempt, failure: SegmentFailure)] {
        guard let attempts = running[segment] else { return [] }
        let late = attempts.filter { $0.due <= now }
        for attempt in late { stopped(attempt.id, of: segment) }
        return late.map { ($0, SegmentFailure(.timedOut, $0.isTranscoded ? "download of a rendition" : "early answer")) }
    }

    mutating func stopped(_ id: AttemptID, of segment: SegmentKey) {
        running[segment]?.removeAll { $0.id == id }
        if running[segment]?.isEmpty == true { running[segment] = nil }
    }
}

extension Moment {
    fileprivate static let distantFuture = Moment(nanoseconds: .max)
}
