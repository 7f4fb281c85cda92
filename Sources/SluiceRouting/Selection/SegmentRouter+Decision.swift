import SluiceTypes

/// The first choice for a segment: the stream stays with its orchestrator while there is no reason to leave.
extension SegmentRouter {
    /// Books nothing; the caller sends and reports.
    mutating func decide(_ segment: SegmentFacts, at now: Moment) -> (decision: RouteDecision, slot: Int?) {
        let place = streams.open(segment.stream, settings.serviceLevel)
        while let slot = streams.routes[place].takeIdleSession(at: now) { records[slot].sessions -= 1 }
        var route = streams.routes[place]
        let question = RouteQuestion(segment, route.level, at: now)
        budget.earn(route.level.hedgeBudget, burst: burst)
        canaries.earn(min(route.level.hedgeBudget, settings.canaryShare), burst: Self.canaryBurst)

        var looks: [Look] = []
        let (kept, why) = keep(&route, question, &looks)
        var (slot, reason) = (kept, why)
        if slot == nil {
            let picked = pick(question, route, for: .stream, avoiding: [], &looks)
            slot = picked?.slot
            switch picked?.standing {
            case .good: break
            case .overTarget: reason = .leastLate
            case nil: reason = .nobody
            default: reason = .panic
            }
            // Nobody better than the one it has: it stays.
            if why == .unhealthy, let own = looks.first, own.bar == nil, let picked, picked.standing >= own.standing {
                slot = own.slot
                reason = .panic
            }
        }
        streams.routes[place].challenger = route.challenger
        streams.routes[place].next = route.next
        streams.routes[place].segments += 1
        counts.decided(reason)
        let set = candidateSet(for: segment, route.level)
        let decision = RouteDecision(
            stream: segment.stream, sequence: segment.sequence, cut: segment.cut, decided: now, workClass: question.workClass,
            target: route.level.target(for: segment.duration),
            deadline: segment.cut.advanced(bySeconds: route.level.playoutBudget * segment.duration),
            giveUp: segment.cut.advanced(bySeconds: max(settings.shortestPatience, settings.patience * segment.duration)),
            candidates: candidateSets[set].slots.count, leftOut: candidateSets[set].leftOut.map { (records[$0.slot].entry.id, $0.reason) },
            leftOutCount: candidateSets[set].leftOutCount, considered: looks.map { considered($0, at: now) },
            choice: slot.map { records[$0].entry.id }, reason: reason)
        return (decision, slot)
    }

    /// - Returns: the stream's own orchestrator, or another that is better; no slot where a new one must be found.
    private mutating func keep(
        _ route: inout StreamRoute, _ question: RouteQuestion, _ looks: inout [Look]
    ) -> (slot: Int?, reason: RouteDecision.Reason) {
        guard let primary = route.primary else { return (nil, .first) }
        var own = look(at: primary, question, route)
        let isOurs = sharedCause.holds(at: question.now)
        // What makes everybody late is not escaped by opening sessions elsewhere.
        if isOurs, route.inFlight(at: primary) < Self.queuePerSession, !records[primary].limit.isBusy(at: question.now) { own.bar = nil }
        let bar =
            route.barred.contains(primary)
            ? .tooExpensive(weiPerPixel: records[primary].price)
            : barred(primary, CandidateSet.Key(question.segment, route.level), at: question.now)
        own.bar = bar ?? own.bar
        looks.append(own)
        if bar != nil { return (nil, .barred) }
        if own.bar != nil { return (nil, .queued) }
        if isOurs, own.standing <= .suspect { return (primary, .stay) }
        // A suspect gets no new streams, but those it has are retried and hedged one by one.
        return own.standing <= .overTarget || own.standing == .suspect
            ? stayOrMove(own, &route, question, &looks) : (nil, .unhealthy)
    }

    /// An orchestrator works on one segment of a session and keeps four (specs A13).
    private static let queuePerSession = 4

    /// One that does not answer information calls (a full one refuses them, specs A3) but works is not barred.
    private func barred(_ slot: Int, _ key: CandidateSet.Key, at now: Moment) -> LeftOut? {
        guard records[slot].isListed else { return .unreachable }
        guard let obstacle = CandidateSet.obstacle(records[slot], key) else { return nil }
        guard obstacle == .unreachable, let last = records[slot].lastSuccess else { return obstacle }
        return now.seconds(since: last) > Self.provenSpan ? obstacle : nil
    }

    private static let provenSpan = 10.0

    /// A stream leaves an orchestrator that keeps its promise only when a much better one has been there for several segments; it then
    /// goes to the best there is.
    private mutating func stayOrMove(
        _ own: Look, _ route: inout StreamRoute, _ question: RouteQuestion, _ looks: inout [Look]
    ) -> (slot: Int?, reason: RouteDecision.Reason) {
        guard let other = rival(of: own, route, question) else { return (own.slot, .stay) }
        let rival = look(at: other, question, route)
        looks.append(rival)
        guard let reason = reason(toLeave: own, for: rival, question) else {
            route.challenger = nil
            return (own.slot, .stay)
        }
        let streak = (route.challenger?.slot == other ? route.challenger?.streak ?? 0 : 0) + 1
        let continuity = route.level.continuity.segments
        // One over its target is left sooner.
        guard streak >= (own.standing == .overTarget ? min(2, continuity) : continuity) else {
            route.challenger = (other, streak)
            return (own.slot, .stay)
        }
        route.challenger = nil
        let current = self
        let best = pick(question, route, for: .stream, avoiding: [], &looks) { current.reason(toLeave: own, for: $0, question) != nil }
        guard let best, let look = looks.first(where: { $0.slot == best.slot }) else { return (own.slot, .stay) }
        return move(to: look, from: own, reason, &route)
    }

    /// There is time: a copy goes first, so that the segment after it meets a session that has started.
    private func move(to other: Look, from own: Look, _ reason: RouteDecision.Reason, _ route: inout StreamRoute) -> (
        slot: Int?, reason: RouteDecision.Reason
    ) {
        guard other.coldStart > 0, route.next != other.slot else {
            route.next = nil
            return (other.slot, reason)
        }
        route.next = other.slot
        route.challenger = (other.slot, route.level.continuity.segments)
        return (own.slot, .stay)
    }

    private mutating func rival(of own: Look, _ route: StreamRoute, _ question: RouteQuestion) -> Int? {
        if let challenger = route.challenger, challenger.slot != own.slot { return challenger.slot }
        let set = candidateSet(for: question.segment, route.level)
        guard !candidateSets[set].slots.isEmpty else { return nil }
        let other = candidateSets[set].slots[generator.index(below: candidateSets[set].slots.count)]
        return other == own.slot ? nil : other
    }

    private func reason(toLeave own: Look, for rival: Look, _ question: RouteQuestion) -> RouteDecision.Reason? {
        guard rival.slot != own.slot, rival.bar == nil, rival.standing == .good,
            rival.prediction.samples >= Prediction.enoughSamples / 2, records[rival.slot].health.isSteady(at: question.now),
            rival.coldStart == 0 || records[rival.slot].limit.hasRoom(records[rival.slot].sessions, at: question.now)
        else { return nil }
        let continuity = question.level.continuity
        if own.standing == .overTarget {
            let isSooner =
                own.prediction.median - rival.prediction.median > continuity.seconds
                || own.prediction.atPercentile - rival.prediction.atPercentile > 2 * continuity.seconds
            return isSooner ? .sooner : nil
        }
        let equal = equalSpan(question)
        let isProven = own.prediction.isProven && rival.prediction.isProven
        if isProven, score(rival) < score(own) * (1 - settings.soonerShare), rival.prediction.finish + equal < own.prediction.finish {
            return .sooner
        }
        if isPreferred(rival.slot, question.level), !isPreferred(own.slot, question.level) { return .preferred }
        let isCheaper = records[rival.slot].price < records[own.slot].price * (1 - continuity.price)
        return isCheaper && rival.prediction.finish <= own.prediction.finish + equal ? .cheaper : nil
    }

    func isPreferred(_ slot: Int, _ level: ServiceLevel) -> Bool {
        records[slot].gpuClass.map { level.preferredClasses.contains($0) } ?? false
    }

    // MARK: Home

    /// A segment was served; by whom the stream is served from now on.
    ///
    /// What brought one segment home in the other's place is no reason to move: only when the other is unwell, or no sooner than it.
    mutating func served(_ segment: SegmentFacts, by slot: Int, wasChosen: Bool, at now: Moment) {
        guard let place = streams.place(of: segment.stream) else { return }
        guard let own = streams.routes[place].primary, own != slot else { return setPrimary(slot, of: segment.stream) }
        let route = streams.routes[place]
        let question = RouteQuestion(segment, route.level, at: segment.cut)
        let home = look(at: own, question, route)
        if !wasChosen, home.standing <= .overTarget, barred(own, CandidateSet.Key(segment, route.level), at: now) == nil,
            !records[own].limit.isBusy(at: now)
        {
            let other = prediction(slot, question)
            guard other.finish <= home.prediction.finish + settings.adoptSpan * equalSpan(question) else { return }
        }
        setPrimary(slot, of: segment.stream)
    }

    /// The stream has no orchestrator of its own any more.
    mutating func leave(_ stream: StreamID, _ slot: Int) {
        guard let place = streams.place(of: stream), streams.routes[place].primary == slot else { return }
        records[slot].streams -= 1
        streams.routes[place].primary = nil
        streams.routes[place].challenger = nil
        streams.routes[place].next = nil
    }

    private mutating func setPrimary(_ slot: Int, of stream: StreamID) {
        guard let place = streams.place(of: stream) else { return }
        if let old = streams.routes[place].primary {
            guard old != slot else { return }
            records[old].streams -= 1
        }
        records[slot].streams += 1
        streams.routes[place].primary = slot
        streams.routes[place].challenger = nil
        if streams.routes[place].standby == slot { streams.routes[place].standby = nil }
    }
}
