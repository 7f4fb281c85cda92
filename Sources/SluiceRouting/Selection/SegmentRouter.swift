package import SluiceTypes

/// The routing brain of a gateway: what all its streams together know of the orchestrators, and the choice for each segment.
///
/// Pure: the moment and the seed are arguments, nothing is read, drawn or logged; the same calls give the same choices. One value
/// for the whole gateway, guarded by its owner. `SegmentCourse` carries one segment through it.
package struct SegmentRouter: Sendable {
    package var settings: RoutingSettings
    var records: [OrchestratorRecord] = []
    private(set) var slots: [OrchestratorID: Int] = [:]
    var streams = StreamTable()
    /// Found by `candidateSet(for:_:)`.
    var candidateSets: ContiguousArray<CandidateSet> = []
    private var candidatePlaces: [CandidateSet.Key: Int] = [:]
    private var latestCandidates = 0
    /// Of all orchestrators together; side by side as in `OrchestratorRecord`.
    var typicalOutlooks: [WorkOutlook] = []
    var typicalWorks: [WorkStatistics] = []
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
        for index in candidateSets.indices { candidateSets[index].update(slot, records[slot], wasListed: wasListed) }
    }

    /// - Returns: its index in `candidateSets`, good until another is asked for.
    mutating func candidateSet(for segment: SegmentFacts, _ level: ServiceLevel) -> Int {
        if latestCandidates < candidateSets.count, candidateSets[latestCandidates].isFor(segment, level) { return latestCandidates }
        let key = CandidateSet.Key(segment, level)
        if let place = candidatePlaces[key] {
            latestCandidates = place
            return place
        }
        // Bounded by forgetting all: made anew in the time of one walk over the list.
        if candidateSets.count >= Self.mostCandidateSets {
            candidateSets.removeAll()
            candidatePlaces.removeAll()
        }
        latestCandidates = candidateSets.count
        candidatePlaces[key] = latestCandidates
        candidateSets.append(CandidateSet(key, records: records))
        return latestCandidates
    }

    /// Kinds of work times service levels seldom pass a few dozen.
    private static let mostCandidateSets = 256

    // MARK: Streams

    /// A stream that is not opened is opened by its first segment, with the node's service level.
    package mutating func open(_ stream: StreamID, _ level: ServiceLevel? = nil) {
        _ = streams.open(stream, level ?? settings.serviceLevel)
    }

    /// The next segment obeys. - Returns: `false` for a stream that is not live.
    package mutating func setServiceLevel(_ level: ServiceLevel, of stream: StreamID) -> Bool {
        guard let place = streams.place(of: stream) else { return false }
        streams.routes[place].level = level
        return true
    }

    /// The stream goes to this orchestrator no more.
    ///
    /// - Returns: `false` for one that was barred before, or is not known, as of a stream that is not live.
    package mutating func bar(_ orchestrator: OrchestratorID, of stream: StreamID) -> Bool {
        guard let slot = slots[orchestrator], let place = streams.place(of: stream) else { return false }
        return streams.routes[place].barred.insert(slot).inserted
    }

    package func serviceLevel(of stream: StreamID) -> ServiceLevel? { streams.place(of: stream).map { streams.routes[$0].level } }

    package mutating func close(_ stream: StreamID) {
        guard let route = streams.close(stream) else { return }
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
        if let place = streams.place(of: decision.stream) { streams.routes[place].keep(decision) }
    }
}
