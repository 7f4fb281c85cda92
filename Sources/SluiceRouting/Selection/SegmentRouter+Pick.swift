import SluiceTypes

/// One among many: a handful is looked at, those that are equal are drawn from.
extension SegmentRouter {
    enum PickPurpose {
        /// For this segment and those after it.
        case stream
        /// For this segment alone, and soon: a session that is warm counts.
        case segment
    }

    /// - Parameters:
    ///   - looks: what was looked at before; the rest is added.
    ///   - isWanted: of those that are equal.
    mutating func pick(
        _ question: RouteQuestion, _ route: StreamRoute, for purpose: PickPurpose, avoiding tried: [Int], _ looks: inout [Look],
        where isWanted: (Look) -> Bool = { _ in true }
    ) -> (slot: Int, standing: Standing)? {
        let set = candidateSet(for: question.segment, question.level)
        for index in looks.indices where tried.contains(looks[index].slot) { looks[index].bar = looks[index].bar ?? .tried }
        if looks.isEmpty { looks.reserveCapacity(settings.sample + 4) }
        if purpose == .segment { lookAtOwn(question, route, avoiding: tried, &looks) }
        lookAround(question, route, set, avoiding: tried, &looks)

        var best: Standing?
        for look in looks where look.bar == nil { best = min(best ?? look.standing, look.standing) }
        guard let best else { return lastResort(looks, set, route, avoiding: tried, question) }
        func finish(_ look: Look) -> Double {
            let unrest = records[look.slot].health.unrest(at: question.now) * settings.unrestShare * question.segment.duration
            return look.prediction.finish + unrest + (purpose == .segment ? look.coldStart : 0)
        }
        var soonest = Double.infinity
        for look in looks where look.bar == nil && look.standing == best { soonest = min(soonest, finish(look)) }
        let latest = soonest + equalSpan(question)
        let equal = looks.filter { $0.bar == nil && $0.standing == best && finish($0) <= latest && isWanted($0) }
        let slot = draw(among: equal, question, troubled: tried.last.flatMap { records[$0].entry.operatorName })
        return slot.map { ($0, best) }
    }

    /// The stream's own sessions and its standby, wherever they stand in a large pool.
    private func lookAtOwn(
        _ question: RouteQuestion, _ route: StreamRoute, avoiding tried: [Int], _ looks: inout [Look]
    ) {
        let key = CandidateSet.Key(question.segment, question.level)
        func add(_ slot: Int) {
            guard !tried.contains(slot), records[slot].isListed, CandidateSet.obstacle(records[slot], key) == nil else { return }
            if !looks.contains(where: { $0.slot == slot }) { looks.append(look(at: slot, question, route)) }
        }
        for session in route.sessions { add(session.slot) }
        if let standby = route.standby { add(standby) }
    }

    /// Of a large pool three handfuls at most, until one of them holds somebody good.
    private mutating func lookAround(
        _ question: RouteQuestion, _ route: StreamRoute, _ set: Int, avoiding tried: [Int], _ looks: inout [Look]
    ) {
        let count = candidateSets[set].slots.count
        let isSmall = count <= settings.sample
        for _ in 0..<(isSmall ? 1 : Self.handfuls) {
            var isAnyGood = false
            for step in 0..<min(settings.sample, count) {
                let slot = candidateSets[set].slots[isSmall ? step : generator.index(below: count)]
                if looks.contains(where: { $0.slot == slot }) { continue }
                var look = look(at: slot, question, route)
                if tried.contains(slot) { look.bar = .tried }
                isAnyGood = isAnyGood || (look.bar == nil && look.standing == .good)
                looks.append(look)
            }
            if isAnyGood { break }
        }
    }

    private static let handfuls = 3

    /// Two are drawn, cheap ones likelier; the one with fewer of our streams for its price wins.
    private mutating func draw(among equal: [Look], _ question: RouteQuestion, troubled: String?) -> Int? {
        let cheapest = equal.map { records[$0.slot].price }.min() ?? 0
        let weighted = equal.map { look -> (slot: Int, weight: Double) in
            let price = records[look.slot].price
            var weight = 1.0
            if price > 0 {
                let ratio = (max(cheapest, price * 0.01) / price).squareRoot()
                for _ in 0..<Int(settings.priceWeight * 2) { weight *= ratio }
            }
            weight *= records[look.slot].weight
            if isPreferred(look.slot, question.level) { weight *= Self.preference }
            if let troubled, records[look.slot].entry.operatorName == troubled { weight *= Self.sameOperator }
            return (look.slot, weight)
        }
        guard let one = draw(weighted) else { return nil }
        guard equal.count > 1, let two = draw(weighted.filter { $0.slot != one.slot }) else { return one.slot }
        // Of one that is half as likely, half as many streams are as many. Nearly as many are as many, or the cheaper would always win.
        return load(two.slot) / two.weight < Self.clearlyLess * load(one.slot) / one.weight ? two.slot : one.slot
    }

    private static let clearlyLess = 0.8
    private static let preference = 8.0
    /// What is in trouble at one orchestrator of an operator may be in trouble at the next.
    private static let sameOperator = 0.02

    private func load(_ slot: Int) -> Double { Double(max(records[slot].inFlight, records[slot].streams) + 1) }

    private mutating func draw(_ weighted: [(slot: Int, weight: Double)]) -> (slot: Int, weight: Double)? {
        let sum = weighted.reduce(0) { $0 + $1.weight }
        var mark = generator.unit() * sum
        for entry in weighted {
            mark -= entry.weight
            if mark < 0 { return entry }
        }
        return weighted.last
    }

    // MARK: When all are full

    /// All that could do it are full, or there are none: a refusal costs a round trip, a segment not sent is lost.
    private mutating func lastResort(
        _ looks: [Look], _ set: Int, _ route: StreamRoute, avoiding tried: [Int], _ question: RouteQuestion
    ) -> (slot: Int, standing: Standing)? {
        let full = looks.lazy.filter { look in
            if case .full = look.bar { true } else { false }
        }.map(\.slot)
        let rested = (full + candidateSets[set].silent.lazy.filter { !tried.contains($0) }).filter { slot in
            guard route.inFlight(at: slot) < settings.inFlightPerSession else { return false }
            return records[slot].limit.nextChance(isServed: isWarm(slot, route, at: question.now)).map { $0 <= question.now } ?? true
        }
        func refused(_ slot: Int) -> Int64 { records[slot].limit.cappedAt?.nanoseconds ?? .min }
        let longestAgo = rested.map(refused).min()
        let equal = rested.filter { refused($0) == longestAgo }
        return equal.isEmpty ? nil : (equal[generator.index(below: equal.count)], .halfOpen)
    }

    /// When the first of those that are full may be asked again; `nil` where nobody is.
    mutating func nextChance(for segment: SegmentFacts, at now: Moment) -> Moment? {
        guard let route = streams[segment.stream] else { return nil }
        let set = candidateSets[candidateSet(for: segment, route.level)]
        return (set.slots.prefix(settings.sample) + set.silent).compactMap { slot in
            records[slot].limit.nextChance(isServed: isWarm(slot, route, at: now)).flatMap { $0 > now ? $0 : nil }
        }.min()
    }
}
