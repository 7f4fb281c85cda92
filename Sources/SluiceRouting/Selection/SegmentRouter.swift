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
    /// Counts changes of what `CandidateSet` reads.
    private var generation = 0
    private var candidateSets: [CandidateSet.Key: CandidateSet] = [:]
    var typical: [WorkStatistics] = []
    var generator: SeededGenerator
    var budget: ExtraWorkBudget
    var canaries: ExtraWorkBudget
    private var inference = GPUInference()
    /// While most orchestrators are late at once, the cause is likelier ours, and nobody is blamed.
    private(set) var commonCauseUntil: Moment?
    /// Slots used lately.
    private var active: [Int] = []
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

    // MARK: Who is there

    /// Takes the newest list; one that is not in it is not used until it is listed again.
    package mutating func update(_ entries: [OrchestratorEntry], at now: Moment) {
        var isChanged = false
        var listed = Set<Int>()
        for entry in entries {
            if let slot = slots[entry.id] {
                listed.insert(slot)
                guard records[slot].entry != entry || !records[slot].isListed else { continue }
                let old = records[slot].entry
                records[slot].entry = entry
                records[slot].price = entry.price?.weiPerPixel ?? 0
                // A round trip that was measured again changes no candidate set.
                var same = entry
                same.roundTrip = old.roundTrip
                isChanged = isChanged || same != old || !records[slot].isListed
                records[slot].isListed = true
            } else {
                slots[entry.id] = records.count
                listed.insert(records.count)
                records.append(OrchestratorRecord(entry))
                isChanged = true
            }
        }
        for slot in records.indices where records[slot].isListed && !listed.contains(slot) {
            records[slot].isListed = false
            isChanged = true
        }
        if isChanged { generation += 1 }
    }

    /// The newest price, told with an answer.
    package mutating func update(price: Price?, of orchestrator: OrchestratorID) {
        guard let slot = slots[orchestrator], records[slot].entry.price != price else { return }
        records[slot].entry.price = price
        records[slot].price = price?.weiPerPixel ?? 0
        generation += 1
    }

    func slot(of orchestrator: OrchestratorID) -> Int? { slots[orchestrator] }

    mutating func candidateSet(for segment: SegmentFacts, _ level: ServiceLevel) -> CandidateSet {
        let key = CandidateSet.Key(segment, level)
        if let kept = candidateSets[key], kept.generation == generation { return kept }
        // Bounded by forgetting all: made anew in the time of one walk over the list.
        if candidateSets.count >= Self.mostCandidateSets { candidateSets.removeAll() }
        let fresh = CandidateSet(key, records: records, generation: generation)
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

    package func serviceLevel(of stream: StreamID) -> ServiceLevel? { streams[stream]?.level }

    package mutating func close(_ stream: StreamID) {
        guard let route = streams.removeValue(forKey: stream) else { return }
        if ended.count == Self.mostEnded { ended.removeFirst() }
        ended.append((stream, route.recent))
        if let primary = route.primary { records[primary].sessions -= 1 }
    }

    /// The last ones, oldest first; of a stream that has ended too, while it is one of the last few.
    package func decisions(of stream: StreamID) -> [RouteDecision] {
        streams[stream]?.recent ?? ended.last { $0.stream == stream }?.decisions ?? []
    }

    mutating func setPrimary(_ slot: Int, of stream: StreamID) {
        guard let old = streams[stream]?.primary, old != slot else {
            if streams[stream] != nil, streams[stream]?.primary == nil {
                streams[stream]?.primary = slot
                records[slot].sessions += 1
            }
            return
        }
        records[old].sessions -= 1
        records[slot].sessions += 1
        streams[stream]?.primary = slot
        streams[stream]?.challenger = nil
        if streams[stream]?.standby == slot { streams[stream]?.standby = nil }
    }

    // MARK: What happened

    mutating func began(_ slot: Int, of stream: StreamID, at now: Moment) {
        records[slot].inFlight += 1
        records[slot].lastUsed = now
        streams[stream]?.began(slot)
        if !active.contains(slot) { active.append(slot) }
    }

    mutating func ended(_ slot: Int, of stream: StreamID, wasLate: Bool) {
        records[slot].inFlight = max(0, records[slot].inFlight - 1)
        if wasLate { records[slot].late = max(0, records[slot].late - 1) }
        streams[stream]?.ended(slot)
    }

    mutating func succeeded(_ slot: Int, _ workClass: WorkClass, _ times: PhaseTimes, duration: Double, at now: Moment) {
        let settings = settings
        records[slot].withWork(workClass) { $0.add(times, duration: duration, at: now, settings) }
        withTypical(workClass) { $0.add(times, duration: duration, at: now, settings) }
        records[slot].health.succeeded(at: now, settings.health)
        records[slot].limit.succeeded(sessions: records[slot].sessions, at: now)
        records[slot].lastSuccess = now
        infer(slot, workClass)
    }

    /// One that was overtaken or given up: it would have taken longer than this.
    mutating func overtaken(_ slot: Int, _ workClass: WorkClass, after seconds: Double, duration: Double, at now: Moment) {
        guard !hasCommonCause(at: now) else { return }
        let settings = settings
        records[slot].withWork(workClass) { $0.add(PhaseTimes(total: seconds), duration: duration, at: now, settings) }
        blame(slot, .slow, at: now)
    }

    mutating func failed(_ slot: Int, _ failure: SegmentFailure, at now: Moment) {
        switch failure.reason {
        case .busy:
            records[slot].limit.refused(sessions: records[slot].sessions, at: now)
        case .mediaUnusable, .cancelled, .sessionRefused:
            break
        case .unreachable:
            blame(slot, .connect, at: now)
        case .timedOut:
            if !hasCommonCause(at: now) { blame(slot, .slow, at: now) }
        case .refused, .protocolViolation, .transcodeFailed:
            blame(slot, .answer, at: now)
        }
    }

    private mutating func blame(_ slot: Int, _ fault: Health.Fault, at now: Moment) {
        var health = records[slot].health
        if health.failed(fault, at: now, settings.health) {
            let listed = records.count { $0.isListed }
            let out = records.count { $0.isListed && $0.health.state(at: now) == .ejected } + 1
            // Beyond the share (and for the last one always) the picture itself is in doubt: suspicion is enough.
            if Double(out) <= settings.health.largestShareOut * Double(listed) {
                counts.ejections += 1
            } else {
                health.pardon()
            }
        }
        records[slot].health = health
    }

    /// An attempt is past its time. When most of those in use are late within a breath, the cause is common: our uplink, our machine.
    mutating func late(_ slot: Int, at now: Moment) {
        records[slot].late += 1
        records[slot].lastLate = now
        active.removeAll { records[$0].inFlight == 0 && now.seconds(since: records[$0].lastUsed ?? now) > Self.activeSpan }
        guard active.count >= Self.fewestForCommonCause else { return }
        let late = active.count { records[$0].late > 0 || records[$0].lastLate.map { now.seconds(since: $0) < Self.breath } ?? false }
        if Double(late) > Self.commonShare * Double(active.count) {
            commonCauseUntil = now.advanced(bySeconds: Self.breath)
            counts.commonCauses += 1
        }
    }

    func hasCommonCause(at now: Moment) -> Bool { commonCauseUntil.map { now < $0 } ?? false }

    private static let activeSpan = 5.0
    private static let breath = 2.0
    private static let commonShare = 0.6
    private static let fewestForCommonCause = 3

    mutating func finish(_ decision: RouteDecision) {
        counts.count(decision)
        streams[decision.stream]?.keep(decision)
    }

    private mutating func withTypical(_ workClass: WorkClass, _ change: (inout WorkStatistics) -> Void) {
        if let index = typical.firstIndex(where: { $0.workClass == workClass }) {
            change(&typical[index])
        } else {
            var fresh = WorkStatistics(workClass)
            change(&fresh)
            if typical.count < OrchestratorRecord.mostWorkClasses { typical.append(fresh) }
        }
    }

    /// Looks at the GPU now and then: when enough has been seen, and every so many segments after that.
    private mutating func infer(_ slot: Int, _ workClass: WorkClass) {
        records[slot].successes &+= 1
        guard records[slot].successes % Self.inferEvery == 0, let work = records[slot].work(workClass) else { return }
        if let known = records[slot].entry.gpu?.gpuClass {
            inference.learn(work, of: known)
        } else if let verdict = inference.verdict(work) {
            let before = records[slot].gpuClass
            records[slot].inferred = verdict
            if before != records[slot].gpuClass { generation += 1 }
        }
    }

    private static let inferEvery = 8
}
