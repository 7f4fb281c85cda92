import SluiceTypes

/// Who else: for hedges, retries, canaries, and in reserve.
extension SegmentRouter {
    /// Another orchestrator for a segment that some have already.
    mutating func another(for segment: SegmentFacts, besides tried: [Int], at now: Moment) -> Int? {
        guard let route = streams[segment.stream] else { return nil }
        if let early = route.early, early.sequence == segment.sequence, !tried.contains(early.slot), records[early.slot].isListed {
            return early.slot
        }
        var looks: [Look] = []
        return pick(RouteQuestion(segment, route.level, at: now), route, for: .segment, avoiding: tried, &looks)?.slot
    }

    /// Seconds that the one in reserve would need; for the last moment at which a hedge still helps.
    func standbyFinish(of question: RouteQuestion) -> Double {
        guard let place = streams.place(of: question.segment.stream), let standby = streams.routes[place].standby else {
            return question.segment.duration * 0.5
        }
        let isWarm = isWarm(standby, streams.routes[place], at: question.now)
        return prediction(standby, question).median + (isWarm ? 0 : coldStart.seconds)
    }

    /// Keeps a standby on another operator, looked for anew when it is gone or unwell.
    mutating func keepStandby(for segment: SegmentFacts, primary: Int, at now: Moment) {
        guard let place = streams.place(of: segment.stream) else { return }
        if let standby = streams.routes[place].standby {
            let isWell = records[standby].isListed && records[standby].health.state(at: now) == .healthy && records[standby].late == 0
            if isWell, standby != primary { return }
        } else if let checked = streams.routes[place].standbyChecked, now.seconds(since: checked) < Self.standbyEvery {
            return
        }
        let route = streams.routes[place]
        var looks: [Look] = []
        let question = RouteQuestion(segment, route.level, at: now)
        let standby = pick(question, route, for: .segment, avoiding: [primary], &looks)?.slot
        streams.routes[place].standby = standby
        streams.routes[place].standbyChecked = now
    }

    private static let standbyEvery = 5.0

    /// Whom a copy of this segment goes to: where the stream is about to move; or one it would teach something about: one that waits to be let in again, one of which nothing is known any
    /// more, or a cheaper one that nobody has tried.
    mutating func canary(for segment: SegmentFacts, primary: Int, at now: Moment) -> Int? {
        guard let place = streams.place(of: segment.stream) else { return nil }
        if let next = streams.routes[place].next, next != primary, !streams.routes[place].hasSession(at: next) { return next }
        guard canaries.tokens >= 1 else { return nil }
        let route = streams.routes[place]
        let slots = candidateSets[candidateSet(for: segment, route.level)].slots
        guard slots.count > 1 else { return nil }
        let workClass = WorkClass(codec: segment.codec, outputPixelRate: segment.outputPixelRate)
        let start = generator.index(below: slots.count)
        var best: (slot: Int, worth: Int)?
        for step in 0..<min(settings.sample, slots.count) {
            let slot = slots[(start + step) % slots.count]
            let worth = slot == primary || route.barred.contains(slot) ? 0 : worth(of: slot, against: primary, workClass, route, at: now)
            if worth > best?.worth ?? 0 { best = (slot, worth) }
        }
        guard let best, canaries.takeForHedge() else { return nil }
        return best.slot
    }

    private func worth(of slot: Int, against primary: Int, _ workClass: WorkClass, _ route: StreamRoute, at now: Moment) -> Int {
        let limit = records[slot].limit
        guard records[slot].late == 0, !limit.isBusy(at: now) else { return 0 }
        let hasSession = route.hasSession(at: slot)
        let isAsked = records[slot].lastUsed.map { now.seconds(since: $0) < 1 } ?? false
        switch records[slot].health.state(at: now) {
        case .halfOpen: return records[slot].inFlight == 0 && (hasSession || limit.allows(records[slot].sessions, at: now)) ? 3 : 0
        case .healthy:
            let seen = records[slot].outlook(workClass)?.lastSample
            let isStale = seen.map { now.seconds(since: $0) > settings.staleAfter } ?? true
            guard isStale, !isAsked, hasSession || limit.hasRoom(records[slot].sessions, at: now) else { return 0 }
            return records[slot].price < records[primary].price ? 2 : 1
        case .suspect, .ejected: return 0
        }
    }
}
