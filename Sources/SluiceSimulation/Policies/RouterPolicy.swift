package import SluiceRouting
package import SluiceTypes

/// The production routing of a gateway: the same `SegmentRouter` and `SegmentCourse`, asked by the simulator.
package struct RouterPolicy: RoutingPolicy {
    /// Seconds from one information call to the next, each spread by a fifth (specs/selection-and-reliability E6).
    private static let askEvery = 30.0

    package private(set) var router: SegmentRouter
    private var courses: [SegmentKey: SegmentCourse] = [:]
    private var entries: [OrchestratorID: OrchestratorEntry] = [:]
    private var order: [OrchestratorID] = []
    private var nextAsk: [(at: Moment, orchestrator: OrchestratorID)] = []
    private var generator: SeededGenerator
    /// Streams that have ended and have segments under way.
    private var closing: Set<StreamID> = []
    private var buffer: [DispatchAction] = []

    package init(settings: RoutingSettings = .init(), seed: UInt64) {
        self.router = SegmentRouter(settings: settings, seed: seed)
        self.generator = SeededGenerator(seed: seed &+ 1)
    }

    package mutating func start(_ orchestrators: [OrchestratorID], at now: Moment, actions: inout [PolicyAction]) {
        order = orchestrators
        for orchestrator in orchestrators { actions.append(.ask(orchestrator)) }
    }

    package mutating func answered(
        _ orchestrator: OrchestratorID, _ entry: OrchestratorEntry?, roundTrip: Double, at now: Moment, actions: inout [PolicyAction]
    ) {
        if var entry {
            entry.roundTrip = roundTrip
            entries[orchestrator] = entry
        } else {
            entries[orchestrator]?.isReachable = false
        }
        router.update(order.compactMap { entries[$0] }, at: now)
        let pause = Self.askEvery * (0.8 + 0.4 * Double(generator.next() >> 11) * 0x1p-53)
        let due = now.advanced(bySeconds: pause)
        nextAsk.append((due, orchestrator))
        actions.append(.wake(at: due))
    }

    package mutating func opened(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) { router.open(stream) }

    package mutating func closed(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
        closing.insert(stream)
        closeIfDone(stream)
    }

    /// As in a gateway, a stream is forgotten when its last segment is through.
    private mutating func closeIfDone(_ stream: StreamID) {
        guard closing.contains(stream), !courses.keys.contains(where: { $0.stream == stream }) else { return }
        closing.remove(stream)
        router.close(stream)
    }

    package mutating func cut(_ segment: SegmentFacts, at now: Moment, actions: inout [PolicyAction]) {
        let key = SegmentKey(stream: segment.stream, sequence: segment.sequence)
        buffer.removeAll(keepingCapacity: true)
        let course = SegmentCourse(segment, router: &router, at: now, actions: &buffer)
        if !course.isOver { courses[key] = course }
        pass(buffer, key, &actions)
    }

    package mutating func happened(
        _ event: AttemptEvent, attempt: AttemptID, of segment: SegmentKey, at now: Moment, actions: inout [PolicyAction]
    ) {
        step(segment, &actions) { course, router, buffer in
            course.happened(event, attempt: attempt, router: &router, at: now, actions: &buffer)
        }
    }

    package mutating func wake(_ segment: SegmentKey?, at now: Moment, actions: inout [PolicyAction]) {
        guard let segment else {
            for due in nextAsk where due.at <= now { actions.append(.ask(due.orchestrator)) }
            nextAsk.removeAll { $0.at <= now }
            return
        }
        step(segment, &actions) { course, router, buffer in course.wake(router: &router, at: now, actions: &buffer) }
    }

    private mutating func step(
        _ key: SegmentKey, _ actions: inout [PolicyAction],
        _ change: (inout SegmentCourse, inout SegmentRouter, inout [DispatchAction]) -> Void
    ) {
        guard let index = courses.index(forKey: key) else { return }
        buffer.removeAll(keepingCapacity: true)
        change(&courses.values[index], &router, &buffer)
        if courses.values[index].isOver {
            courses.remove(at: index)
            if !closing.isEmpty { closeIfDone(key.stream) }
        }
        pass(buffer, key, &actions)
    }

    private func pass(_ made: [DispatchAction], _ key: SegmentKey, _ actions: inout [PolicyAction]) {
        for action in made { actions.append(.dispatch(key, action)) }
    }
}
