import SluiceRouting
import SluiceTypes

/// One run: carries what happens in the world to the policies, and what they want done back.
struct SimulatedRun {
    var world: World
    var policies: [any RoutingPolicy]
    var ledger: Ledger

    private let streamPlaces: [StreamID: Int]
    private let orchestratorPlaces: [OrchestratorID: Int]
    /// Those under way, of each stream; few.
    private var open: [[OpenSegment]]
    private var openCount = 0
    private var actions: [PolicyAction] = []

    private struct OpenSegment {
        let sequence: Int
        var delivered: UInt32 = 0
        /// Who brought the last rendition that was new.
        var server = -1
        var hasEnded = false
        /// Those sent so far, ended ones too.
        var attempts: [OpenAttempt] = []
        var running = 0
    }

    private struct OpenAttempt {
        let id: AttemptID
        let orchestrator: Int
        let handle: AttemptHandle
        var isRunning = true
    }

    init(world: World, policies: [any RoutingPolicy], settings: RunSettings) {
        self.world = world
        self.policies = policies
        ledger = Ledger(world: world, settings: settings)
        streamPlaces = Dictionary(uniqueKeysWithValues: world.streams.enumerated().map { ($1.id, $0) })
        orchestratorPlaces = Dictionary(uniqueKeysWithValues: world.orchestrators.enumerated().map { ($1.entry.id, $0) })
        open = Array(repeating: [], count: world.streams.count)
    }

    mutating func carryOut(progress: ((Double) -> Void)?) {
        let ids = world.orchestrators.map(\.entry.id)
        for gateway in policies.indices {
            policies[gateway].start(ids, at: Moment(nanoseconds: 0), actions: &actions)
            obey(gateway: gateway)
        }
        let step = max(world.horizon / 100, 1)
        var reported: Int64 = 0
        while let happening = world.next() {
            deliver(happening)
            if let progress, world.now >= reported + step {
                reported = world.now
                progress(Double(world.now) / Double(world.horizon))
            }
            if world.openStreams == 0, openCount == 0, world.liveAttempts == 0 { break }
        }
        progress?(1)
    }

    private mutating func deliver(_ happening: Happening) {
        let now = Moment(nanoseconds: world.now)
        switch happening {
        case .opened(let stream):
            let gateway = gateway(of: stream)
            policies[gateway].opened(world.streams[stream].id, at: now, actions: &actions)
            obey(gateway: gateway)
        case .closed(let stream):
            let gateway = gateway(of: stream)
            policies[gateway].closed(world.streams[stream].id, at: now, actions: &actions)
            obey(gateway: gateway)
            if open[stream].isEmpty { world.closeSessions(of: stream) }
        case .cut(let stream, let sequence):
            open[stream].append(OpenSegment(sequence: sequence))
            openCount += 1
            let gateway = gateway(of: stream)
            policies[gateway].cut(facts(stream, sequence, at: now), at: now, actions: &actions)
            obey(gateway: gateway)
        case .attempt(let handle, let stream, let sequence, let event):
            attemptMoved(handle, stream, sequence, event, at: now)
        case .answered(let gateway, let orchestrator, let entry, let roundTrip):
            policies[gateway].answered(
                world.orchestrators[orchestrator].entry.id, entry, roundTrip: roundTrip, at: now, actions: &actions)
            obey(gateway: gateway)
        case .wake(let gateway):
            policies[gateway].wake(nil, at: now, actions: &actions)
            obey(gateway: gateway)
        case .wakeSegment(let stream, let sequence):
            let gateway = gateway(of: stream)
            policies[gateway].wake(key(stream, sequence), at: now, actions: &actions)
            obey(gateway: gateway)
        }
    }

    private func gateway(of stream: Int) -> Int { Int(world.streams[stream].gateway) }

    private func key(_ stream: Int, _ sequence: Int) -> SegmentKey {
        SegmentKey(stream: world.streams[stream].id, sequence: SegmentSequence(Int64(sequence)))
    }

    private func facts(_ stream: Int, _ sequence: Int, at now: Moment) -> SegmentFacts {
        let group = world.groups[Int(world.streams[stream].group)]
        return SegmentFacts(
            stream: world.streams[stream].id, sequence: SegmentSequence(Int64(sequence)), duration: group.duration,
            byteCount: Int(group.uploadBits / 8), outputPixelRate: group.outputPixelRate, renditions: group.renditionBits.count,
            capabilities: Self.capabilities, cut: now)
    }

    private static let capabilities = CapabilitySet([.h264, .mpegTS])

    private mutating func attemptMoved(
        _ handle: AttemptHandle, _ stream: Int, _ sequence: Int, _ event: AttemptEvent, at now: Moment
    ) {
        guard let place = open[stream].firstIndex(where: { $0.sequence == sequence }),
            let attempt = open[stream][place].attempts.firstIndex(where: { $0.handle == handle && $0.isRunning })
        else { preconditionFailure("an attempt moves that nobody sent") }
        let id = open[stream][place].attempts[attempt].id
        switch event {
        case .rendition(let rendition):
            let bit = UInt32(1) << UInt32(rendition)
            if open[stream][place].delivered & bit == 0 {
                open[stream][place].delivered |= bit
                open[stream][place].server = open[stream][place].attempts[attempt].orchestrator
            }
        case .finished, .failed:
            open[stream][place].attempts[attempt].isRunning = false
            open[stream][place].running -= 1
        case .accepted, .transcoded, .firstByte: break
        }
        let gateway = gateway(of: stream)
        policies[gateway].happened(event, attempt: id, of: key(stream, sequence), at: now, actions: &actions)
        obey(gateway: gateway)
        forgetIfOver(stream, sequence)
    }

    private mutating func forgetIfOver(_ stream: Int, _ sequence: Int) {
        guard let place = open[stream].firstIndex(where: { $0.sequence == sequence }) else { return }
        guard open[stream][place].hasEnded, open[stream][place].running == 0 else { return }
        open[stream].remove(at: place)
        if world.streams[stream].isClosed, open[stream].isEmpty { world.closeSessions(of: stream) }
    }

    // MARK: What policies want

    private mutating func obey(gateway: Int) {
        guard !actions.isEmpty else { return }
        for action in actions {
            switch action {
            case .ask(let id):
                if let orchestrator = orchestratorPlaces[id] {
                    world.ask(orchestrator, from: gateway)
                } else {
                    ledger.blame("asks \(id), which is not in the scenario")
                }
            case .wake(let moment):
                world.insert(.wakeGateway(Int32(gateway)), at: moment.nanoseconds)
            case .renew(let id, let orchestrator):
                if let stream = streamPlaces[id], let orchestrator = orchestratorPlaces[orchestrator] {
                    world.renewSession(of: stream, at: orchestrator)
                } else {
                    ledger.blame("renews a session of \(id) at \(orchestrator), one of which is not in the scenario")
                }
            case .dispatch(let key, let action):
                if let stream = streamPlaces[key.stream], self.gateway(of: stream) == gateway {
                    dispatch(action, stream, Int(key.sequence.rawValue))
                } else {
                    ledger.blame("acts for \(key.stream), which is not a stream of its gateway")
                }
            }
        }
        actions.removeAll(keepingCapacity: true)
    }

    private mutating func dispatch(_ action: DispatchAction, _ stream: Int, _ sequence: Int) {
        // A wake may come for a segment that is over; whoever asked for it knows.
        if case .wake(let moment) = action {
            world.insert(.wakeSegment(stream: Int32(stream), sequence: Int32(truncatingIfNeeded: sequence)), at: moment.nanoseconds)
            return
        }
        guard let place = open[stream].firstIndex(where: { $0.sequence == sequence }) else {
            ledger.blame("acts for segment \(sequence) of \(world.streams[stream].id), which is over or was never cut")
            return
        }
        switch action {
        case .wake: break
        case .send(let id, let orchestrator, let places, _): send(id, orchestrator, places, stream, sequence, place)
        case .abort(let id):
            guard let attempt = open[stream][place].attempts.firstIndex(where: { $0.id == id && $0.isRunning }) else {
                ledger.blame("aborts attempt \(id.rawValue) of segment \(sequence) of \(world.streams[stream].id), which is not under way")
                return
            }
            open[stream][place].attempts[attempt].isRunning = false
            open[stream][place].running -= 1
            world.abort(open[stream][place].attempts[attempt].handle)
            forgetIfOver(stream, sequence)
        case .end(let failure): end(failure, stream, sequence, place)
        }
    }

    private mutating func send(
        _ id: AttemptID, _ orchestrator: OrchestratorID, _ places: [Int], _ stream: Int, _ sequence: Int, _ place: Int
    ) {
        let renditions = world.groups[Int(world.streams[stream].group)].renditionBits.count
        var mask: UInt32 = 0
        for rendition in places where rendition >= 0 && rendition < renditions { mask |= 1 << UInt32(rendition) }
        guard let target = orchestratorPlaces[orchestrator], mask != 0, mask.nonzeroBitCount == places.count,
            !open[stream][place].attempts.contains(where: { $0.id == id })
        else {
            ledger.blame(
                "sends segment \(sequence) of \(world.streams[stream].id) to \(orchestrator) as attempt \(id.rawValue) for renditions "
                    + "\(places) of \(renditions): not an orchestrator, a number used before, or renditions that are not there")
            return
        }
        let visit = open[stream][place].attempts.count { $0.orchestrator == target }
        let handle = world.send(stream: stream, sequence: sequence, to: target, places: mask, visit: visit)
        open[stream][place].attempts.append(OpenAttempt(id: id, orchestrator: target, handle: handle))
        open[stream][place].running += 1
        ledger.sent(stream, sequence)
    }

    private mutating func end(_ failure: SegmentFailure?, _ stream: Int, _ sequence: Int, _ place: Int) {
        guard !open[stream][place].hasEnded else {
            ledger.blame("ends segment \(sequence) of \(world.streams[stream].id) twice")
            return
        }
        open[stream][place].hasEnded = true
        openCount -= 1
        let all = UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(world.groups[Int(world.streams[stream].group)].renditionBits.count)) - 1)
        let isServed = failure == nil && open[stream][place].delivered == all
        if failure == nil, !isServed {
            ledger.blame("ends segment \(sequence) of \(world.streams[stream].id) as served, but not every rendition has come")
        }
        ledger.ended(stream, sequence, server: isServed ? open[stream][place].server : nil, at: world.now)
        forgetIfOver(stream, sequence)
    }
}
