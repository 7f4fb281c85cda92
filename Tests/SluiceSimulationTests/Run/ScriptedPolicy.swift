import SluiceRouting
import SluiceTypes
import SluiceSimulation

/// Sends every segment to fixed orchestrators, the first as primary, the others beside it; ends it with the first that is through.
struct ScriptedPolicy: RoutingPolicy {
    let targets: [OrchestratorID]
    /// Breaks the contract in ways that a test wants to see noticed.
    var misbehaves = false

    mutating func start(_ orchestrators: [OrchestratorID], at now: Moment, actions: inout [PolicyAction]) {
        if misbehaves { actions.append(.ask(OrchestratorID("nobody"))) }
    }

    mutating func answered(
        _ orchestrator: OrchestratorID, _ entry: OrchestratorEntry?, roundTrip: Double, at now: Moment, actions: inout [PolicyAction]
    ) {}

    mutating func opened(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {}
    mutating func closed(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {}

    mutating func cut(_ segment: SegmentFacts, at now: Moment, actions: inout [PolicyAction]) {
        let key = SegmentKey(stream: segment.stream, sequence: segment.sequence)
        for (number, target) in targets.enumerated() {
            let role: AttemptRole = number == 0 ? .primary : .hedge
            actions.append(.dispatch(key, .send(AttemptID(number), to: target, places: Array(0..<segment.renditions), role: role)))
        }
        if misbehaves {
            actions.append(.dispatch(key, .abort(AttemptID(99))))
            actions.append(.dispatch(key, .send(AttemptID(0), to: targets[0], places: [0], role: .retry)))
            actions.append(.dispatch(key, .end(nil)))
        }
    }

    mutating func happened(
        _ event: AttemptEvent, attempt: AttemptID, of segment: SegmentKey, at now: Moment, actions: inout [PolicyAction]
    ) {
        guard case .finished = event, attempt.rawValue == 0 || targets.count == 1 else { return }
        actions.append(.dispatch(segment, .end(nil)))
    }

    mutating func wake(_ segment: SegmentKey?, at now: Moment, actions: inout [PolicyAction]) {}
}

/// What a policy saw and did, kept apart from it.
final class Protocol {
    struct Line: Equatable {
        var at: Int64
        var stream: StreamID
        var sequence: SegmentSequence
        var attempt: AttemptID
        var what: What
    }

    enum What: Equatable {
        case sent(OrchestratorID)
        case aborted
        case heard(AttemptEvent)
    }

    var lines: [Line] = []
}

/// Passes everything on to another policy and writes it down.
struct RecordingPolicy: RoutingPolicy {
    var inner: any RoutingPolicy
    let record: Protocol

    mutating func start(_ orchestrators: [OrchestratorID], at now: Moment, actions: inout [PolicyAction]) {
        inner.start(orchestrators, at: now, actions: &actions)
    }

    mutating func answered(
        _ orchestrator: OrchestratorID, _ entry: OrchestratorEntry?, roundTrip: Double, at now: Moment, actions: inout [PolicyAction]
    ) {
        let before = actions.count
        inner.answered(orchestrator, entry, roundTrip: roundTrip, at: now, actions: &actions)
        write(actions[before...], at: now)
    }

    mutating func opened(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
        inner.opened(stream, at: now, actions: &actions)
    }

    mutating func closed(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
        inner.closed(stream, at: now, actions: &actions)
    }

    mutating func cut(_ segment: SegmentFacts, at now: Moment, actions: inout [PolicyAction]) {
        let before = actions.count
        inner.cut(segment, at: now, actions: &actions)
        write(actions[before...], at: now)
    }

    mutating func happened(
        _ event: AttemptEvent, attempt: AttemptID, of segment: SegmentKey, at now: Moment, actions: inout [PolicyAction]
    ) {
        record.lines.append(
            .init(
                at: now.nanoseconds, stream: segment.stream, sequence: segment.sequence, attempt: attempt, what: .heard(event)))
        let before = actions.count
        inner.happened(event, attempt: attempt, of: segment, at: now, actions: &actions)
        write(actions[before...], at: now)
    }

    mutating func wake(_ segment: SegmentKey?, at now: Moment, actions: inout [PolicyAction]) {
        let before = actions.count
        inner.wake(segment, at: now, actions: &actions)
        write(actions[before...], at: now)
    }

    private func write(_ actions: ArraySlice<PolicyAction>, at now: Moment) {
        for case .dispatch(let key, let action) in actions {
            let what: (AttemptID, Protocol.What)? =
                switch action {
                case .send(let id, let target, _, _): (id, .sent(target))
                case .abort(let id): (id, .aborted)
                case .wake, .end: nil
                }
            guard let (attempt, what) = what else { continue }
            record.lines.append(
                .init(at: now.nanoseconds, stream: key.stream, sequence: key.sequence, attempt: attempt, what: what))
        }
    }
}
