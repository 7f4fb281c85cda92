package import SluiceRouting
package import SluiceTypes

/// The reference gateway, go-livepeer, off-chain, as an opponent: a faithful model of specs/selection-and-reliability part A.
///
/// Streams share nothing. Each looks for orchestrators before its first segment, sticks to one while the last segment was fast enough,
/// and tries a segment that fails again from the start, elsewhere, up to three times. Price is never looked at off-chain.
///
/// Kinder than the reference in five places: connections are warm, a session that is good and was left meanwhile is not lost, none is
/// counted twice, answers that are not media are noticed without verification, and dropping a session does not crash the gateway (A12).
package struct ReferencePolicy: RoutingPolicy {
    /// What a call was made for.
    enum Purpose {
        case round(stream: Int, pool: Int, number: Int)
        case token(stream: Int, sequence: SegmentSequence, attempt: Int)
    }

    struct Tick {
        var stream: Int
        var pool: Int
        var round: Int
        var isLast: Bool
    }

    struct Stream {
        let id: StreamID
        /// The untrusted one, which is asked first, and the trusted one.
        var pools: [ReferenceSessionPool]
        /// The discovery of each pool that is under way, and how many there were.
        var rounds: [ReferenceDiscovery?] = [nil, nil]
        var roundCounts = [0, 0]
        /// Both pools have been filled once.
        var isReady = false
        var isClosed = false
        var segments: [ReferenceSegment] = []
        /// Orchestrators that have had a session of this stream.
        var used: Set<Int> = []
    }

    let settings: ReferenceSettings
    var orchestrators: [OrchestratorID] = []
    private var places: [OrchestratorID: Int] = [:]
    var streams: [Stream] = []
    private var streamPlaces: [StreamID: Int] = [:]
    /// Calls under way to each orchestrator.
    private var calls: [[(since: Moment, purpose: Purpose)]] = []
    var ticks = EventQueue<Moment, Tick>()

    package init(settings: ReferenceSettings = .init()) { self.settings = settings }

    package mutating func start(_ orchestrators: [OrchestratorID], at now: Moment, actions: inout [PolicyAction]) {
        self.orchestrators = orchestrators
        places = Dictionary(orchestrators.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        calls = Array(repeating: [], count: orchestrators.count)
    }

    package mutating func opened(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
        let trusted = orchestrators.indices.filter { settings.trust.covers(orchestrators[$0]) }
        let untrusted = orchestrators.indices.filter { !settings.trust.covers(orchestrators[$0]) }
        let pools = [
            ReferenceSessionPool(members: untrusted, areTrusted: false, settings: settings),
            ReferenceSessionPool(members: trusted, areTrusted: true, settings: settings),
        ]
        streamPlaces[stream] = streams.count
        streams.append(Stream(id: stream, pools: pools))
        discover(streams.count - 1, pool: 0, at: now, actions: &actions)
    }

    package mutating func closed(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
        guard let place = streamPlaces[stream] else { return }
        streams[place].isClosed = true
    }

    package mutating func cut(_ segment: SegmentFacts, at now: Moment, actions: inout [PolicyAction]) {
        guard let place = streamPlaces[segment.stream] else { return }
        streams[place].segments.append(ReferenceSegment(segment))
        if streams[place].isReady { attempt(place, segment.sequence, at: now, actions: &actions) }
    }

    package mutating func answered(
        _ orchestrator: OrchestratorID, _ entry: OrchestratorEntry?, roundTrip: Double, at now: Moment, actions: inout [PolicyAction]
    ) {
        guard let place = places[orchestrator], let purpose = takeCall(to: place, roundTrip: roundTrip, at: now) else { return }
        let isGood = entry.map { settings.capabilities.subtracting($0.capabilities).isEmpty } ?? false
        switch purpose {
        case .round(let stream, let pool, let number):
            roundAnswered(
                stream, pool: pool, number: number, by: place, isGood: isGood, roundTrip: roundTrip, at: now, actions: &actions)
        case .token(let stream, let sequence, let attempt):
            tokenAnswered(stream, sequence, attempt: attempt, isGood: isGood, at: now, actions: &actions)
        }
    }

    package mutating func happened(
        _ event: AttemptEvent, attempt: AttemptID, of segment: SegmentKey, at now: Moment, actions: inout [PolicyAction]
    ) {
        guard let place = streamPlaces[segment.stream] else { return }
        moved(event, place, segment.sequence, attempt: attempt, at: now, actions: &actions)
    }

    package mutating func wake(_ segment: SegmentKey?, at now: Moment, actions: inout [PolicyAction]) {
        if let segment {
            if let place = streamPlaces[segment.stream] { clockRan(place, segment.sequence, at: now, actions: &actions) }
        } else {
            while let (due, tick) = ticks.first, due <= now {
                _ = ticks.popFirst()
                ticked(tick, at: now, actions: &actions)
            }
        }
    }

    // MARK: Calls

    mutating func call(_ orchestrator: Int, for purpose: Purpose, at now: Moment, actions: inout [PolicyAction]) {
        calls[orchestrator].append((now, purpose))
        actions.append(.ask(orchestrators[orchestrator]))
    }

    /// Answers do not say to which call; the time it took does. Calls of one moment can stand in for one another.
    private mutating func takeCall(to orchestrator: Int, roundTrip: Double, at now: Moment) -> Purpose? {
        let since = now.advanced(bySeconds: -roundTrip).nanoseconds
        guard let place = calls[orchestrator].firstIndex(where: { abs($0.since.nanoseconds - since) < 1000 }) else { return nil }
        return calls[orchestrator].remove(at: place).purpose
    }
}
