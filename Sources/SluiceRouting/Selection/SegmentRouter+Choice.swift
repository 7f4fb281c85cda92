import SluiceTypes

/// How an orchestrator stands for one segment of one stream; the lower the better.
private enum Standing: Int, Comparable {
    case good, overTarget, late, suspect, halfOpen, ejected

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension SegmentRouter {
    private struct Look {
        var slot: Int
        var standing: Standing
        var prediction: Prediction
        /// Barred for this choice whatever its standing: full, or tried already.
        var bar: LeftOut?
    }

    /// The first choice for a segment. Books nothing; the caller sends and reports.
    mutating func decide(_ segment: SegmentFacts, at now: Moment) -> (decision: RouteDecision, slot: Int?) {
        open(segment.stream)
        guard var route = streams[segment.stream] else { preconditionFailure("a stream that was just opened is live") }
        let level = route.level
        let set = candidateSet(for: segment, level)
        let target = level.target(for: segment.duration)
        let workClass = WorkClass(codec: segment.codec, outputPixelRate: segment.outputPixelRate)
        budget.earn(level.hedgeBudget, burst: burst)
        canaries.earn(min(level.hedgeBudget, settings.canaryShare), burst: Self.canaryBurst)
        let left = target - now.seconds(since: segment.cut)
        var looks: [Look] = []
        var choice: (slot: Int?, reason: RouteDecision.Reason)?

        if let primary = route.primary {
            let look = look(at: primary, segment, workClass, route, target: left, now)
            looks.append(look)
            if isBarred(primary, CandidateSet.Key(segment, level), at: now) {
                choice = (nil, .barred)
            } else if route.inFlight(at: primary) >= settings.inFlightPerSession {
                choice = (nil, .queued)
            } else if look.standing <= .overTarget {
                choice = stayOrMove(look, &route, set, segment, workClass, target: left, now, &looks)
            } else {
                choice = (nil, .unhealthy)
            }
        }
        let reason = choice?.reason ?? .first
        var slot = choice?.slot
        var finalReason = reason
        if slot == nil {
            let picked = pick(from: set, segment, workClass, route, target: left, avoiding: [], now, &looks)
            slot = picked?.slot
            switch picked?.standing {
            case .good: break
            case .overTarget: finalReason = .leastLate
            case nil: finalReason = .nobody
            default: finalReason = .panic
            }
            // Nobody better than the one it has: it stays.
            if let primary = route.primary, choice?.reason == .unhealthy, let picked, picked.slot != primary,
                let own = looks.first, own.bar == nil, picked.standing >= own.standing
            {
                slot = primary
                finalReason = .panic
            }
        }
        streams[segment.stream]?.challenger = route.challenger
        streams[segment.stream]?.segments += 1
        counts.decided(finalReason)
        let decision = RouteDecision(
            stream: segment.stream, sequence: segment.sequence, cut: segment.cut, decided: now, workClass: workClass, target: target,
            deadline: segment.cut.advanced(bySeconds: level.playoutBudget * segment.duration),
            giveUp: segment.cut.advanced(bySeconds: max(settings.shortestPatience, settings.patience * segment.duration)),
            candidates: set.slots.count, leftOut: set.leftOut.map { (records[$0.slot].entry.id, $0.reason) },
            leftOutCount: set.leftOutCount, considered: looks.map { considered($0) },
            choice: slot.map { records[$0].entry.id }, reason: finalReason)
        return (decision, slot)
    }

    /// Another orchestrator for a segment that some have already: for hedges and retries.
    mutating func another(for segment: SegmentFacts, besides tried: [Int], at now: Moment) -> Int? {
        guard let route = streams[segment.stream] else { return nil }
        let workClass = WorkClass(codec: segment.codec, outputPixelRate: segment.outputPixelRate)
        let left = route.level.target(for: segment.duration)
        if let standby = route.standby, !tried.contains(standby) {
            let look = look(at: standby, segment, workClass, route, target: left, now)
            let key = CandidateSet.Key(segment, route.level)
            if look.standing == .good, look.bar == nil, records[standby].isListed, CandidateSet.obstacle(records[standby], key) == nil {
                return standby
            }
        }
        let set = candidateSet(for: segment, route.level)
        var looks: [Look] = []
        return pick(from: set, segment, workClass, route, target: left, avoiding: tried, now, &looks)?.slot
    }

    /// Whom a copy of this segment would teach something about: one that waits to be let in again, the standby of which nothing is
    /// known any more, or a cheaper one that nobody has tried.
    mutating func canary(for segment: SegmentFacts, primary: Int, at now: Moment) -> Int? {
        guard let route = streams[segment.stream], canaries.tokens >= 1 else { return nil }
        let set = candidateSet(for: segment, route.level)
        guard set.slots.count > 1 else { return nil }
        let workClass = WorkClass(codec: segment.codec, outputPixelRate: segment.outputPixelRate)
        let looked = set.slots.count <= settings.sample ? set.slots.count : settings.sample
        let start = generator.index(below: set.slots.count)
        var best: (slot: Int, worth: Int)?
        for step in 0..<looked {
            let slot = set.slots[(start + step) % set.slots.count]
            let record = records[slot]
            guard slot != primary, record.limit.allows(record.sessions, at: now), record.late == 0 else { continue }
            let state = record.health.state(at: now)
            let isStale = record.work(workClass)?.lastSample.map { now.seconds(since: $0) > settings.staleAfter } ?? true
            let isAsked = record.lastUsed.map { now.seconds(since: $0) < 1 } ?? false
            var worth = 0
            if state == .halfOpen, record.inFlight == 0 {
                worth = 3
            } else if state == .healthy, isStale, !isAsked {
                worth = record.price < records[primary].price ? 2 : 1
            }
            if worth > best?.worth ?? 0 { best = (slot, worth) }
        }
        guard let best, canaries.takeForHedge() else { return nil }
        return best.slot
    }

    var burst: Double { settings.hedgeBurst + settings.hedgeBurstPerStream * Double(streams.count) }

    /// Seconds that the best other orchestrator would need; for the last moment at which a hedge still helps.
    func standbyMedian(of segment: SegmentFacts) -> Double {
        guard let route = streams[segment.stream], let standby = route.standby else { return segment.duration * 0.5 }
        let workClass = WorkClass(codec: segment.codec, outputPixelRate: segment.outputPixelRate)
        return prediction(standby, segment, workClass, route.level).median
    }

    func prediction(_ slot: Int, _ segment: SegmentFacts, _ workClass: WorkClass, _ level: ServiceLevel) -> Prediction {
        let record = records[slot]
        return Prediction(
            record.work(workClass), typical: typical.first { $0.workClass == workClass }, roundTrip: record.entry.roundTrip ?? 0,
            duration: segment.duration, percentile: level.percentile, late: settings.hedgeQuantile)
    }

    /// Keeps a standby on another operator, looked for anew when it is gone or unwell.
    mutating func keepStandby(for segment: SegmentFacts, primary: Int, at now: Moment) {
        guard let route = streams[segment.stream] else { return }
        if let standby = route.standby, standby != primary, records[standby].isListed,
            records[standby].health.state(at: now) == .healthy, records[standby].late == 0
        {
            return
        }
        if let checked = route.standbyChecked, now.seconds(since: checked) < Self.standbyEvery, route.standby == nil { return }
        let workClass = WorkClass(codec: segment.codec, outputPixelRate: segment.outputPixelRate)
        let set = candidateSet(for: segment, route.level)
        var looks: [Look] = []
        let target = route.level.target(for: segment.duration)
        let picked = pick(from: set, segment, workClass, route, target: target, avoiding: [primary], now, &looks)
        streams[segment.stream]?.standby = picked?.slot
        streams[segment.stream]?.standbyChecked = now
    }

    private static let standbyEvery = 5.0

    /// One that does not answer information calls (a full one refuses them, specs A3) but works is not barred.
    private func isBarred(_ slot: Int, _ key: CandidateSet.Key, at now: Moment) -> Bool {
        let record = records[slot]
        guard record.isListed else { return true }
        guard let obstacle = CandidateSet.obstacle(record, key) else { return false }
        guard obstacle == .unreachable, let last = record.lastSuccess else { return true }
        return now.seconds(since: last) > Self.provenSpan
    }

    private static let provenSpan = 10.0

    // MARK: Looking

    private func look(
        at slot: Int, _ segment: SegmentFacts, _ workClass: WorkClass, _ route: StreamRoute, target: Double, _ now: Moment
    ) -> Look {
        let record = records[slot]
        let prediction = prediction(slot, segment, workClass, route.level)
        let standing: Standing =
            switch record.health.state(at: now) {
            case .ejected: .ejected
            case .halfOpen: .halfOpen
            case .suspect: .suspect
            case .healthy: record.isLate ? .late : prediction.atPercentile > target ? .overTarget : .good
            }
        var bar: LeftOut?
        if route.primary != slot, !record.limit.allows(record.sessions, at: now) {
            bar = .full(limit: record.limit.limit ?? record.sessions)
        } else if route.inFlight(at: slot) >= settings.inFlightPerSession {
            bar = .full(limit: settings.inFlightPerSession)
        }
        return Look(slot: slot, standing: standing, prediction: prediction, bar: bar)
    }

    private func considered(_ look: Look) -> RouteDecision.Considered {
        let record = records[look.slot]
        let leftOut: LeftOut? =
            look.bar
            ?? {
                switch look.standing {
                case .good: nil
                case .overTarget, .late: .late(predicted: look.prediction.atPercentile)
                case .suspect: .suspect
                case .halfOpen: .halfOpen
                case .ejected: .ejected(seconds: record.health.ejectedUntil?.seconds ?? 0)
                }
            }()
        return RouteDecision.Considered(
            orchestrator: record.entry.id, median: look.prediction.median, atPercentile: look.prediction.atPercentile,
            samples: look.prediction.samples, weiPerPixel: record.price, inFlight: record.inFlight, leftOut: leftOut)
    }

    // MARK: Choosing

    /// A stream leaves an orchestrator that keeps its promise only for a much better one that stays so for several segments.
    private mutating func stayOrMove(
        _ own: Look, _ route: inout StreamRoute, _ set: CandidateSet, _ segment: SegmentFacts, _ workClass: WorkClass, target: Double,
        _ now: Moment, _ looks: inout [Look]
    ) -> (slot: Int?, reason: RouteDecision.Reason) {
        guard set.slots.count > 1 else { return (own.slot, .stay) }
        let isOver = own.standing == .overTarget
        let continuity = route.level.continuity
        var other = route.challenger?.slot ?? set.slots[generator.index(below: set.slots.count)]
        if other == own.slot { other = set.slots[generator.index(below: set.slots.count)] }
        guard other != own.slot else { return (own.slot, .stay) }
        let rival = look(at: other, segment, workClass, route, target: target, now)
        looks.append(rival)
        guard rival.bar == nil, rival.standing == .good, rival.prediction.samples >= Prediction.enoughSamples / 2 else {
            route.challenger = nil
            return (own.slot, .stay)
        }
        var reason: RouteDecision.Reason?
        if own.standing == .overTarget {
            if own.prediction.median - rival.prediction.median > continuity.seconds
                || own.prediction.atPercentile - rival.prediction.atPercentile > 2 * continuity.seconds
            {
                reason = .sooner
            }
        } else if rival.prediction.samples >= Prediction.enoughSamples, own.prediction.samples >= Prediction.enoughSamples,
            score(rival) < score(own) * (1 - settings.soonerShare)
        {
            reason = .sooner
        } else if isPreferred(other, route.level), !isPreferred(own.slot, route.level) {
            reason = .preferred
        } else if records[other].price < records[own.slot].price * (1 - continuity.price), score(rival) <= score(own) {
            reason = .cheaper
        }
        guard let reason else {
            route.challenger = nil
            return (own.slot, .stay)
        }
        let streak = route.challenger?.slot == other ? (route.challenger?.streak ?? 0) + 1 : 1
        // One over its target is left sooner.
        let needed = isOver ? min(2, continuity.segments) : continuity.segments
        if streak >= needed {
            route.challenger = nil
            return (other, reason)
        }
        route.challenger = (other, streak)
        return (own.slot, .stay)
    }

    private func isPreferred(_ slot: Int, _ level: ServiceLevel) -> Bool {
        records[slot].gpuClass.map { level.preferredClasses.contains($0) } ?? false
    }

    /// Looks at a bounded number of candidates and takes one of the best standing: two are drawn by price, the less loaded wins.
    private mutating func pick(
        from set: CandidateSet, _ segment: SegmentFacts, _ workClass: WorkClass, _ route: StreamRoute, target: Double,
        avoiding tried: [Int], _ now: Moment, _ looks: inout [Look]
    ) -> (slot: Int, standing: Standing)? {
        let isSmall = set.slots.count <= settings.sample
        let first = looks.count
        var best = Standing.ejected
        // Of a large pool three handfuls at most, until one of them holds somebody good.
        for _ in 0..<(isSmall ? 1 : 3) {
            for step in 0..<min(settings.sample, set.slots.count) {
                let slot = set.slots[isSmall ? step : generator.index(below: set.slots.count)]
                if looks.contains(where: { $0.slot == slot }), !isSmall { continue }
                if isSmall, let index = looks.firstIndex(where: { $0.slot == slot }) {
                    // The primary was looked at before.
                    if index < first, tried.contains(slot) || looks[index].bar != nil { continue }
                    if index < first { best = min(best, looks[index].standing) }
                    continue
                }
                var look = look(at: slot, segment, workClass, route, target: target, now)
                if tried.contains(slot) { look.bar = .tried }
                if look.bar == nil { best = min(best, look.standing) }
                looks.append(look)
            }
            if best == .good { break }
        }
        let troubled = tried.last.flatMap { records[$0].entry.operatorName }
        var chosen: [(slot: Int, weight: Double)] = []
        var cheapest = Double.infinity
        for look in looks where look.bar == nil && look.standing == best && !tried.contains(look.slot) {
            cheapest = min(cheapest, records[look.slot].price)
        }
        guard cheapest.isFinite else { return lastResort(looks, set, tried, now) }
        let equal = (looks.filter { $0.bar == nil && $0.standing == best && !tried.contains($0.slot) }.map(score).min() ?? 0)
        let limit = equal * (1 + settings.equalShare) + Self.equalSeconds
        for look in looks where look.bar == nil && look.standing == best && !tried.contains(look.slot) && score(look) <= limit {
            let record = records[look.slot]
            var weight = 1.0
            if record.price > 0 {
                let ratio = max(cheapest, record.price * 0.01) / record.price
                for _ in 0..<settings.priceWeight { weight *= ratio }
            }
            if isPreferred(look.slot, route.level) { weight *= 8 }
            if let troubled, record.entry.operatorName == troubled { weight *= 0.02 }
            chosen.append((look.slot, weight))
        }
        guard let one = draw(chosen) else { return nil }
        guard chosen.count > 1, let two = draw(chosen.filter { $0.slot != one }) else { return (one, best) }
        func load(_ slot: Int) -> Double {
            Double(max(records[slot].inFlight, records[slot].sessions) + 1)
        }
        return (load(two) < load(one) ? two : one, best)
    }

    /// All that could do it are full, or there are none: a refusal costs a round trip, a segment not sent is lost.
    private mutating func lastResort(_ looks: [Look], _ set: CandidateSet, _ tried: [Int], _ now: Moment) -> (
        slot: Int, standing: Standing
    )? {
        let full = looks.filter { look in
            if case .full = look.bar, !tried.contains(look.slot) { return true }
            return false
        }
        let longestAgo = full.min {
            let left = records[$0.slot].limit.refusedAt?.nanoseconds ?? .min
            return left < records[$1.slot].limit.refusedAt?.nanoseconds ?? .min
        }
        if let longestAgo { return (longestAgo.slot, .halfOpen) }
        let silent = set.silent.filter { !tried.contains($0) }
        return silent.isEmpty ? nil : (silent[generator.index(below: silent.count)], .halfOpen)
    }

    /// What candidates are compared by: the predicted finish, dearer ones a little later (twice the price: 19 %).
    private func score(_ look: Look) -> Double {
        let price = records[look.slot].price
        return look.prediction.finish * (price > 0 ? price.squareRoot().squareRoot() : 1)
    }

    /// Seconds that are noise between two orchestrators.
    private static let equalSeconds = 0.01

    private mutating func draw(_ weighted: [(slot: Int, weight: Double)]) -> Int? {
        let sum = weighted.reduce(0) { $0 + $1.weight }
        var mark = generator.unit() * sum
        for entry in weighted {
            mark -= entry.weight
            if mark < 0 { return entry.slot }
        }
        return weighted.last?.slot
    }
}
