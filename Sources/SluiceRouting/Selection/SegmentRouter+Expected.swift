package import SluiceTypes

extension SegmentRouter {
    /// Who is going to get the stream's next segment, if that one takes segments while they are being cut: it can be sent on from its
    /// first byte. The decision itself falls at its cut, and may be another one.
    ///
    /// - Returns: `nil` where nobody is settled on: a new stream, one whose orchestrator is in trouble or behind, or does not take them.
    package func expected(for stream: StreamID, at now: Moment) -> OrchestratorID? {
        guard let route = streams[stream], let slot = route.primary, route.next == nil, route.inFlight(at: slot) <= 1,
            takesEarly(slot, at: now)
        else { return nil }
        return records[slot].entry.id
    }

    /// Whether it is worth while to keep the bytes of a segment that begins: somebody is expected to get it, or may be in a moment, as
    /// the one before it was taken over and where the stream is served from now on is not settled yet.
    package func mayGoEarly(_ stream: StreamID, at now: Moment) -> Bool {
        if expected(for: stream, at: now) != nil { return true }
        return streams[stream]?.early.map { takesEarly($0.slot, at: now) } ?? false
    }

    private func takesEarly(_ slot: Int, at now: Moment) -> Bool {
        let record = records[slot]
        return record.isListed && record.entry.takesStreamedSegments && record.health.state(at: now) == .healthy && !record.standsStill
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
