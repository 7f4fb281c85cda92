package import SluiceTypes

/// The routing brain of a gateway: what all its streams together know of the orchestrators, and the choice for each segment.
///
/// Pure: the moment and the seed are arguments, nothing is read, drawn or logged; the same calls give the same choices. One value
/// for the whole gateway, guarded by its owner. `SegmentCourse` carries one segment through it.
package struct SegmentRouter: Sendable {
    package var settings: RoutingSettings
    var records: [OrchestratorRecord] = []
    private(set) var slots: [OrchestratorID: Int] = [:]
    var streams: [StreamID: StreamRoute] = [:]
    private var candidateSets: [CandidateSet.Key: CandidateSet] = [:]
    var typical: [(outlook: WorkOutlook, statistics: WorkStatistics)] = []
    var generator: SeededGenerator
    var budget: ExtraWorkBudget
    var canaries: ExtraWorkBudget
    var inference = GPUInference()
    var sharedCause = SharedCause()
    var coldStart = ColdStart()
    /// What was decided for the streams that ended last: the question why comes afterwards.
    private var ended: [(stream: StreamID, decisions: [RouteDecision])] = []
    /// About 100 kB each.
    private static let mostEnded = 16
    private var newest = Moment(nanoseconds: .min)
    package internal(set) var counts = RouteCounts()

    package init(settings: RoutingSettings = .init(), seed: UInt64) {
        self.settings = settings
        self.generator = SeededGenerator(seed: seed)
        self.budget = ExtraWorkBudget(burst: settings.hedgeBurst)
        self.canaries = ExtraWorkBudget(burst: settings.canaryShare > 0 ? Self.canaryBurst : 0)
    }

    /// A clock that jumps back stands still.
    mutating func clamp(_ now: Moment) -> Moment {
        newest = max(newest, now)
        return newest
    }

    /// Copies that may be saved up.
    static let canaryBurst = 2.0

    /// Extra attempts that may be saved up.
    var burst: Double { settings.hedgeBurst + settings.hedgeBurstPerStream * Double(streams.count) }

    // MARK: Who is there

    /// Takes the newest list; one that is not in it is not used until it is listed again.
    package mutating func update(_ entries: [OrchestratorEntry], at now: Moment) {
        var listed = 0
        for entry in entries {
            if let slot = slots[entry.id] {
                listed += 1
                guard records[slot].entry != entry || !records[slot].isListed else { continue }
                let wasListed = records[slot].isListed
                let old = records[slot].entry
                records[slot].entry = entry
                records[slot].price = entry.price?.weiPerPixel ?? 0
                records[slot].isListed = true
                // A round trip that was measured again changes no candidate set.
                var same = entry
                same.roundTrip = old.roundTrip
                if same != old || !wasListed { changed(slot, wasListed: wasListed) }
            } else {
                slots[entry.id] = records.count
                records.append(OrchestratorRecord(entry))
                listed += 1
                changed(records.count - 1, wasListed: false)
            }
        }
        // Most lists name everybody.
        guard listed < records.count else { return }
        let names = Set(entries.map(\.id))
        for slot in records.indices where records[slot].isListed && !names.contains(records[slot].entry.id) {
            records[slot].isListed = false
            changed(slot, wasListed: true)
        }
    }

    /// The newest price, told with an answer.
    package mutating func update(price: Price?, of orchestrator: OrchestratorID) {
        guard let slot = slots[orchestrator], records[slot].entry.price != price else { return }
        records[slot].entry.price = price
        records[slot].price = price?.weiPerPixel ?? 0
        changed(slot, wasListed: records[slot].isListed)
    }

    /// Takes what somebody else thinks of the orchestrators: among those that are equal in time, one of weight 2 is drawn twice as often
    /// as one of weight 1. Those that are not named weigh 1. Latency, health and service levels go before it.
    package mutating func update(weights: [OrchestratorID: Double]) {
        for slot in records.indices {
            let weight = weights[records[slot].entry.id] ?? 1
            records[slot].weight = weight.isFinite ? min(max(weight, Self.weights.lowerBound), Self.weights.upperBound) : 1
        }
    }

    private static let weights = 0.01...100.0

    func slot(of orchestrator: OrchestratorID) -> Int? { slots[orchestrator] }

    /// What candidate sets are made of has changed at this orchestrator.
    mutating func changed(_ slot: Int, wasListed: Bool) {
        for index in candidateSets.values.indices { candidateSets.values[index].update(slot, records[slot], wasListed: wasListed) }
    }

    mutating func candidateSet(for segment: SegmentFacts, _ level: ServiceLevel) -> CandidateSet {
        let key = CandidateSet.Key(segment, level)
        if let kept = candidateSets[key] { return kept }
        // Bounded by forgetting all: made anew in the time of one walk over the list.
        if candidateSets.count >= Self.mostCandidateSets { candidateSets.removeAll() }
        let fresh = CandidateSet(key, records: records)
        candidateSets[key] = fresh
        return fresh
    }

    /// Kinds of work times service levels seldom pass a few dozen.
    private static let mostCandidateSets = 256

    // MARK: Streams

    /// A stream that is not opened is opened by its first segment, with the node's service level.
    package mutating func open(_ stream: StreamID, _ level: ServiceLevel? = nil) {
        if streams[stream] == nil { streams[stream] = StreamRoute(level: level ?? settings.serviceLevel) }
    }

    /// The next segment obeys. - Returns: `false` for a stream that is not live.
    package mutating func setServiceLevel(_ level: ServiceLevel, of stream: StreamID) -> Bool {
        guard streams[stream] != nil else { return false }
        streams[stream]?.level = level
        return true
    }

    /// The stream goes to this orchestrator no more.
    ///
    /// - Returns: `false` for one that was barred before, or is not known, as of a stream that is not live.
    package mutating func bar(_ orchestrator: OrchestratorID, of stream: StreamID) -> Bool {
        guard let slot = slots[orchestrator], streams[stream] != nil else { return false }
        return streams[stream]?.barred.insert(slot).inserted ?? false
    }

    package func serviceLevel(of stream: StreamID) -> ServiceLevel? { streams[stream]?.level }

    package mutating func close(_ stream: StreamID) {
        guard let route = streams.removeValue(forKey: stream) else { return }
        if ended.count == Self.mostEnded { ended.removeFirst() }
        ended.append((stream, route.recent))
        if let primary = route.primary { records[primary].streams -= 1 }
        for session in route.sessions { records[session.slot].sessions -= 1 }
    }

    /// The last ones, oldest first; of a stream that has ended too, while it is one of the last few.
    package func decisions(of stream: StreamID) -> [RouteDecision] {
        streams[stream]?.recent ?? ended.last { $0.stream == stream }?.decisions ?? []
    }

    mutating func finish(_ decision: RouteDecision) {
        counts.count(decision)
        streams[decision.stream]?.keep(decision)
    }
}
