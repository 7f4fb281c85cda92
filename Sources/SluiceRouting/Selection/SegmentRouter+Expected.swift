package import SluiceTypes

extension SegmentRouter {
    /// Who is going to get the stream's next segment, if that one takes segments while they are being cut: it can be sent on from its
    /// first byte. The decision itself falls at its cut, and may be another one.
    ///
    /// - Returns: `nil` where nobody is settled on: a new stream, one whose orchestrator is in trouble or behind, or does not take them.
    package func expected(for stream: StreamID, at now: Moment) -> OrchestratorID? {
        guard let route = streams[stream], let slot = route.primary, route.next == nil, route.inFlight(at: slot) <= 1 else { return nil }
        let record = records[slot]
        guard record.isListed, record.entry.takesStreamedSegments, record.health.state(at: now) == .healthy, !record.standsStill else {
            return nil
        }
        return record.entry.id
    }

    /// Who else gets a segment from its first byte on, before it is cut: whoever had it has failed, or stands still. It counts as a retry,
    /// or as a hedge, and is the first to be asked when one is needed after the cut.
    ///
    /// - Parameter isLost: nothing more comes of the first.
    /// - Returns: `nil` where nobody should: what is lost by then is done after the cut.
    package mutating func takeover(
        of segment: SegmentFacts, from orchestrator: OrchestratorID, isLost: Bool, at time: Moment
    ) -> OrchestratorID? {
        let now = clamp(time)
        guard let route = streams[segment.stream], let from = slot(of: orchestrator), settings.attempts > 1 else { return nil }
        guard isLost || route.level.hedgeBudget > 0 && !sharedCause.holds(at: now) else { return nil }
        guard let slot = another(for: segment, besides: [from], at: now), records[slot].entry.takesStreamedSegments,
            isLost ? budget.takeForRetry(burst: burst) : budget.takeForHedge()
        else { return nil }
        if let place = streams.place(of: segment.stream) { streams.routes[place].early = (segment.sequence, slot) }
        return records[slot].entry.id
    }
}
