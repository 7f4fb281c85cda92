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
}
