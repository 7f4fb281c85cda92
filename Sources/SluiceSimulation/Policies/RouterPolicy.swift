package import SluiceRouting
package import SluiceTypes

/// The production routing of a gateway: the same `SegmentRouter` and `SegmentCourse`, asked by the simulator; with discovery and the
/// clocks of the production transport around them.
package struct RouterPolicy: RoutingPolicy {
    /// One orchestrator as discovery knows it.
    private struct Known {
        var entry: OrchestratorEntry?
        var asked: Moment?
        /// When it is asked again.
        var next: Moment?
        /// Calls in a row that were not answered.
        var failures = 0
    }

    private struct Running {
        var course: SegmentCourse
        /// Seconds.
        let duration: Double
    }

    package private(set) var router: SegmentRouter
    private var running: [SegmentKey: Running] = [:]
    private var clocks = TransportClocks()
    private var known: [OrchestratorID: Known] = [:]
    private var order: [OrchestratorID] = []
    /// Streams that have ended and have segments under way.
    private var closing: Set<StreamID> = []
    private var buffer: [DispatchAction] = []
    /// Decisions of which everything has come, where somebody takes them.
    private var settled: [RouteDecision] = []
    private let keepsSettled: Bool

    /// - Parameter keepsSettled: whether `takeSettled` is going to be called.
    package init(settings: RoutingSettings = .init(), seed: UInt64, keepsSettled: Bool = false) {
        self.router = SegmentRouter(settings: settings, seed: seed)
        self.keepsSettled = keepsSettled
    }

    mutating func takeSettled() -> [RouteDecision] {
        guard !settled.isEmpty else { return [] }
        defer { settled.removeAll(keepingCapacity: true) }
        return settled
    }

    mutating func weigh(_ weights: [OrchestratorID: Double]) { router.update(weights: weights) }

    // MARK: Discovery

    package mutating func start(_ orchestrators: [OrchestratorID], at now: Moment, actions: inout [PolicyAction]) {
        order = orchestrators
        for orchestrator in orchestrators { ask(orchestrator, now, &actions) }
    }

    private mutating func ask(_ orchestrator: OrchestratorID, _ now: Moment, _ actions: inout [PolicyAction]) {
        known[orchestrator, default: Known()].asked = now
        known[orchestrator]?.next = nil
        actions.append(.ask(orchestrator))
        actions.append(.wake(at: now.advanced(bySeconds: TransportClocks.answer)))
    }

    package mutating func answered(
        _ orchestrator: OrchestratorID, _ entry: OrchestratorEntry?, roundTrip: Double, at now: Moment, actions: inout [PolicyAction]
    ) {
        // One that came too late is heard by nobody.
        guard known[orchestrator]?.asked != nil else { return }
        guard var entry else { return unanswered(orchestrator, now, &actions) }
        entry.roundTrip = roundTrip
        known[orchestrator]?.entry = entry
        known[orchestrator]?.failures = 0
        plan(orchestrator, after: TransportClocks.refresh, now, &actions)
    }

    private mutating func unanswered(_ orchestrator: OrchestratorID, _ now: Moment, _ actions: inout [PolicyAction]) {
        let failures = known[orchestrator]?.failures ?? 0
        known[orchestrator]?.entry?.isReachable = false
        known[orchestrator]?.failures = failures + 1
        let pause = min(TransportClocks.firstRetry * Double(1 << min(failures, 4)), TransportClocks.longestRetry)
        plan(orchestrator, after: pause, now, &actions)
    }

    private mutating func plan(
        _ orchestrator: OrchestratorID, after seconds: Double, _ now: Moment, _ actions: inout [PolicyAction]
    ) {
        let next = now.advanced(bySeconds: seconds)
        known[orchestrator]?.asked = nil
        known[orchestrator]?.next = next
        actions.append(.wake(at: next))
        update(now)
    }

    private mutating func lookAround(_ now: Moment, _ actions: inout [PolicyAction]) {
        for orchestrator in order {
            guard let one = known[orchestrator] else { continue }
            if let asked = one.asked, now.seconds(since: asked) >= TransportClocks.answer {
                unanswered(orchestrator, now, &actions)
            } else if let next = one.next, next <= now {
                ask(orchestrator, now, &actions)
            }
        }
    }

    /// A result says as much as an answer does.
    private mutating func heard(of orchestrator: OrchestratorID, _ now: Moment) {
        guard known[orchestrator]?.entry?.isReachable == false else { return }
        known[orchestrator]?.entry?.isReachable = true
        update(now)
    }

    private mutating func update(_ now: Moment) { router.update(order.compactMap { known[$0]?.entry }, at: now) }

    // MARK: Streams

    package mutating func opened(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) { router.open(stream) }

    package mutating func closed(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
        closing.insert(stream)
        closeIfDone(stream)
    }

    /// As in a gateway, a stream is forgotten when its last segment is through.
    private mutating func closeIfDone(_ stream: StreamID) {
        guard closing.contains(stream), !running.keys.contains(where: { $0.stream == stream }) else { return }
        closing.remove(stream)
        router.close(stream)
    }

    // MARK: Segments

    package mutating func cut(_ segment: SegmentFacts, at now: Moment, actions: inout [PolicyAction]) {
        let key = SegmentKey(stream: segment.stream, sequence: segment.sequence)
        buffer.removeAll(keepingCapacity: true)
        let course = SegmentCourse(segment, router: &router, at: now, actions: &buffer)
        if !course.isOver { running[key] = Running(course: course, duration: segment.duration) }
        pass(buffer, key, segment.duration, now, &actions)
    }

    package mutating func happened(
        _ event: AttemptEvent, attempt: AttemptID, of segment: SegmentKey, at now: Moment, actions: inout [PolicyAction]
    ) {
        if event == .transcoded, let orchestrator = clocks.orchestrator(of: attempt, of: segment) { heard(of: orchestrator, now) }
        if let due = clocks.happened(event, to: attempt, of: segment, at: now) { actions.append(.dispatch(segment, .wake(at: due))) }
        step(segment, now, &actions) { course, router, buffer in
            course.happened(event, attempt: attempt, router: &router, at: now, actions: &buffer)
        }
    }

    package mutating func wake(_ segment: SegmentKey?, at now: Moment, actions: inout [PolicyAction]) {
        guard let segment else { return lookAround(now, &actions) }
        for (attempt, failure) in clocks.expire(segment, at: now) {
            actions.append(.dispatch(segment, .abort(attempt.id)))
            step(segment, now, &actions) { course, router, buffer in
                course.happened(.failed(failure), attempt: attempt.id, router: &router, at: now, actions: &buffer)
            }
        }
        step(segment, now, &actions) { course, router, buffer in course.wake(router: &router, at: now, actions: &buffer) }
    }

    private mutating func step(
        _ key: SegmentKey, _ now: Moment, _ actions: inout [PolicyAction],
        _ change: (inout SegmentCourse, inout SegmentRouter, inout [DispatchAction]) -> Void
    ) {
        guard let index = running.index(forKey: key) else { return }
        buffer.removeAll(keepingCapacity: true)
        change(&running.values[index].course, &router, &buffer)
        let duration = running.values[index].duration
        if running.values[index].course.isOver {
            if keepsSettled { settled.append(running.values[index].course.decision) }
            running.remove(at: index)
            if !closing.isEmpty { closeIfDone(key.stream) }
        }
        pass(buffer, key, duration, now, &actions)
    }

    private mutating func pass(
        _ made: [DispatchAction], _ key: SegmentKey, _ duration: Double, _ now: Moment, _ actions: inout [PolicyAction]
    ) {
        for action in made {
            actions.append(.dispatch(key, action))
            switch action {
            case .send(let attempt, let orchestrator, _, _):
                let due = clocks.sent(attempt, of: key, to: orchestrator, duration: duration, at: now)
                actions.append(.dispatch(key, .wake(at: due)))
            case .abort(let attempt): clocks.stopped(attempt, of: key)
            case .wake, .end: break
            }
        }
    }
}
