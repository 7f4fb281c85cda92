package import SluiceRouting
package import SluiceTypes

/// Names one segment of a run.
package struct SegmentKey: Hashable, Sendable {
    package var stream: StreamID
    package var sequence: SegmentSequence

    package init(stream: StreamID, sequence: SegmentSequence) {
        self.stream = stream
        self.sequence = sequence
    }
}

/// What a policy wants done.
package enum PolicyAction: Sendable {
    /// Ask an orchestrator what it has (`GetOrchestrator`); the answer comes back through `answered`.
    case ask(OrchestratorID)
    /// Call `wake` at this moment.
    case wake(at: Moment)
    /// The gateway has a new token for this stream: its next segment there opens a new session, cold, and the old one keeps its place
    /// at the orchestrator until it has been silent for 70 s. Policies that let sessions live need never say it.
    case renew(StreamID, OrchestratorID)
    case dispatch(SegmentKey, DispatchAction)
}

/// One gateway's way of choosing, as the simulator drives it: production routing or the model of the reference.
///
/// All calls come in the order of their moments. Actions are appended to `actions` and carried out in order.
package protocol RoutingPolicy {
    /// The configured orchestrators; called once, before everything else.
    mutating func start(_ orchestrators: [OrchestratorID], at now: Moment, actions: inout [PolicyAction])
    /// One call for each `ask`.
    ///
    /// - Parameters:
    ///   - entry: `nil` when nobody answered within the gRPC timeout of 8 s, or the connection was refused, or the
    ///     orchestrator is full (`OrchestratorCapped`).
    ///   - roundTrip: seconds since it was asked.
    mutating func answered(
        _ orchestrator: OrchestratorID, _ entry: OrchestratorEntry?, roundTrip: Double, at now: Moment, actions: inout [PolicyAction])
    mutating func opened(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction])
    mutating func closed(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction])
    mutating func cut(_ segment: SegmentFacts, at now: Moment, actions: inout [PolicyAction])
    mutating func happened(
        _ event: AttemptEvent, attempt: AttemptID, of segment: SegmentKey, at now: Moment, actions: inout [PolicyAction])
    /// - Parameter segment: whose `DispatchAction.wake` this is; `nil` for the policy's own.
    mutating func wake(_ segment: SegmentKey?, at now: Moment, actions: inout [PolicyAction])
}
