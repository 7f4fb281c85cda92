package import SluiceMarket
package import SluiceRouting
package import SluiceTypes

/// Production routing with the market's ranking fed back into it, as in a gateway: what came of each segment goes into the book, and
/// every few seconds the book's scores become weights for choosing.
package struct RankedPolicy: RoutingPolicy {
    /// As in a gateway.
    private static let every = 5.0

    private var inner: RouterPolicy
    private let strength: Double
    package private(set) var book: PerformanceBook
    private var entries: [OrchestratorID: OrchestratorEntry] = [:]
    private var servers: [StreamID: OrchestratorID] = [:]
    private var durations: [SegmentKey: Double] = [:]
    private var weighed = Moment(nanoseconds: 0)
    /// Segments brought home, by who brought them, in spans of `span` seconds from the start.
    package private(set) var shares: [[OrchestratorID: Int]] = []
    private let span: Double
    private let ranked: ([Ranked]) -> Void

    /// - Parameters:
    ///   - strength: of the weights; 0 for routing alone.
    ///   - span: of `shares`, seconds.
    ///   - ranked: told each ranking, best first.
    package init(
        settings: RoutingSettings = .init(), seed: UInt64, strength: Double = 1, formula: ScoreFormula = .init(), span: Double = 30,
        ranked: @escaping ([Ranked]) -> Void = { _ in }
    ) {
        self.ranked = ranked
        inner = RouterPolicy(settings: settings, seed: seed, keepsSettled: true)
        self.strength = strength
        self.span = span
        book = PerformanceBook(formula: formula)
    }

    package func ranking(at now: Moment) -> [Ranked] {
        book.ranking(entries.values.map(Self.offer).sorted { $0.orchestrator.rawValue < $1.orchestrator.rawValue }, at: Self.unix(now))
    }

    /// The simulator's clock begins at 0, where a wall clock has "never".
    private static func unix(_ moment: Moment) -> Int64 { 1_000_000 + Int64(moment.seconds) }

    private static func offer(_ entry: OrchestratorEntry) -> Offer {
        Offer(
            orchestrator: entry.id, offered: OfferedCapability(pipeline: OfferedCapability.transcode, price: entry.price),
            region: entry.region, gpu: entry.gpu, capabilities: entry.capabilities, version: entry.version,
            isReachable: entry.isReachable, trust: 1, sources: [.declared], provenance: [:])
    }

    private mutating func learn(at now: Moment) {
        for decision in inner.takeSettled() {
            let key = SegmentKey(stream: decision.stream, sequence: decision.sequence)
            guard let duration = durations.removeValue(forKey: key) else { continue }
            let told = DecisionOutcomes(decision, duration: duration, previous: servers[decision.stream])
            for one in told.outcomes {
                book.add(one.outcome, of: Offer.Key(one.orchestrator, OfferedCapability.transcode), at: Self.unix(now))
            }
            book.add(told.segment)
            if let choice = decision.choice { servers[decision.stream] = choice }
            if let winner = decision.attempts.first(where: { $0.result == .won })?.orchestrator {
                let place = Int(now.seconds / span)
                while shares.count <= place { shares.append([:]) }
                shares[place][winner, default: 0] += 1
            }
        }
        guard now.seconds(since: weighed) >= Self.every else { return }
        weighed = now
        let ranking = ranking(at: now)
        ranked(ranking)
        if strength > 0 { inner.weigh(ScoreWeights.of(ranking, strength: strength)) }
    }

    // MARK: The policy within

    package mutating func start(_ orchestrators: [OrchestratorID], at now: Moment, actions: inout [PolicyAction]) {
        inner.start(orchestrators, at: now, actions: &actions)
    }

    package mutating func answered(
        _ orchestrator: OrchestratorID, _ entry: OrchestratorEntry?, roundTrip: Double, at now: Moment, actions: inout [PolicyAction]
    ) {
        if let entry { entries[orchestrator] = entry }
        inner.answered(orchestrator, entry, roundTrip: roundTrip, at: now, actions: &actions)
    }

    package mutating func opened(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
        inner.opened(stream, at: now, actions: &actions)
    }

    package mutating func closed(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
        inner.closed(stream, at: now, actions: &actions)
        servers[stream] = nil
    }

    package mutating func cut(_ segment: SegmentFacts, at now: Moment, actions: inout [PolicyAction]) {
        durations[SegmentKey(stream: segment.stream, sequence: segment.sequence)] = segment.duration
        inner.cut(segment, at: now, actions: &actions)
        learn(at: now)
    }

    package mutating func happened(
        _ event: AttemptEvent, attempt: AttemptID, of segment: SegmentKey, at now: Moment, actions: inout [PolicyAction]
    ) {
        inner.happened(event, attempt: attempt, of: segment, at: now, actions: &actions)
        learn(at: now)
    }

    package mutating func wake(_ segment: SegmentKey?, at now: Moment, actions: inout [PolicyAction]) {
        inner.wake(segment, at: now, actions: &actions)
        learn(at: now)
    }
}
