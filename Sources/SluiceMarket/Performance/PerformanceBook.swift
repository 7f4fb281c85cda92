package import SluiceTypes

/// How well every offer does, from what came of the work given to it.
package struct PerformanceBook: Sendable {
    /// Offers kept; when there are more, the one silent for the longest time goes.
    package static let most = OfferCatalog.most

    package var formula: ScoreFormula
    private var histories: [Offer.Key: PerformanceHistory] = [:]
    private var dirty: Set<Offer.Key> = []
    package private(set) var gateway = GatewayQuality()

    package init(formula: ScoreFormula = .init()) { self.formula = formula }

    package var count: Int { histories.count }

    package mutating func add(_ outcome: WorkOutcome, of key: Offer.Key, at now: Int64) {
        change(key) { $0.add(outcome, at: now) }
    }

    package mutating func add(_ sample: PictureSample, of key: Offer.Key, at now: Int64) {
        change(key) { $0.add(sample, at: now) }
    }

    private mutating func change(_ key: Offer.Key, _ body: (inout PerformanceHistory) -> Void) {
        if histories[key] == nil, histories.count >= Self.most { forgetOldest() }
        body(&histories[key, default: PerformanceHistory()])
        dirty.insert(key)
    }

    package mutating func add(_ segment: GatewayQuality.Segment) { gateway.add(segment) }

    private mutating func forgetOldest() {
        let oldest = histories.min { ($0.value.newest?.start ?? 0) < ($1.value.newest?.start ?? 0) }
        if let oldest { histories[oldest.key] = nil }
    }

    package func tally(of key: Offer.Key, at now: Int64) -> PerformanceTally {
        histories[key]?.sum(since: now - formula.window) ?? PerformanceTally()
    }

    package func history(of key: Offer.Key) -> PerformanceHistory? { histories[key] }

    package mutating func restore(_ key: Offer.Key, hours: [PerformanceHistory.Span], days: [PerformanceHistory.Span]) {
        guard histories[key] != nil || histories.count < Self.most else { return }
        histories[key, default: PerformanceHistory()].restore(hours: hours, days: days)
    }

    /// What has changed since the last time, newest spans only: to be written to disk in the place of what is there.
    package mutating func takeChanged() -> [(key: Offer.Key, hours: [PerformanceHistory.Span], days: [PerformanceHistory.Span])] {
        defer { dirty.removeAll() }
        return dirty.compactMap { key in histories[key].map { (key, $0.hours.suffix(2), $0.days.suffix(2)) } }
    }

    /// What could not be written is given again the next time.
    package mutating func markChanged(_ keys: [Offer.Key]) { dirty.formUnion(keys.filter { histories[$0] != nil }) }

    // MARK: Ranking

    private func standing(
        of key: Offer.Key, _ offer: Offer?, _ tally: PerformanceTally, _ level: MarketLevel, at now: Int64
    ) -> Ranked {
        let measures = formula.measures(tally, offer, level, at: now)
        return Ranked(
            key: key, offer: offer, tally: tally, measures: measures,
            score: formula.score(measures, samples: Double(tally.count)))
    }

    /// Best first. Offers of the catalogue, and those that have a past and are not offered any more.
    package func ranking(_ offers: [Offer], at now: Int64) -> [Ranked] {
        var level = MarketLevel(offers)
        var known: [(key: Offer.Key, offer: Offer?, tally: PerformanceTally)] = offers.map { ($0.key, $0, tally(of: $0.key, at: now)) }
        let listed = Set(offers.map(\.key))
        for key in histories.keys where !listed.contains(key) {
            let tally = tally(of: key, at: now)
            if tally.count > 0 { known.append((key, nil, tally)) }
        }
        level.take(known.map { ($0.key.pipeline, $0.tally) })
        return known.map { standing(of: $0.key, $0.offer, $0.tally, level, at: now) }
            .sorted { ($0.score, $1.key.orchestrator.rawValue) > ($1.score, $0.key.orchestrator.rawValue) }
    }
}

/// One offer with its measures.
package struct Ranked: Sendable {
    package var key: Offer.Key
    /// `nil` for one that nobody lists any more.
    package var offer: Offer?
    package var tally: PerformanceTally
    package var measures: [Measure: Double]
    /// 0 to 1.
    package var score: Double

    package var standing: OfferStanding {
        OfferStanding(
            score: Float(score), p50: Float(tally.finish(0.5) ?? 0), p95: Float(tally.finish(0.95) ?? 0),
            samples: tally.finish(0.5) == nil ? 0 : Float(tally.count))
    }
}

/// How well this gateway routes.
package struct GatewayQuality: Hashable, Sendable {
    package struct Segment: Hashable, Sendable {
        package var isMissed: Bool
        package var isLost: Bool
        package var isInTarget: Bool
        package var hedges: Int
        package var canaries: Int
        package var retries: Int

        package init(isMissed: Bool, isLost: Bool, isInTarget: Bool, hedges: Int = 0, canaries: Int = 0, retries: Int = 0) {
            self.isMissed = isMissed
            self.isLost = isLost
            self.isInTarget = isInTarget
            self.hedges = hedges
            self.canaries = canaries
            self.retries = retries
        }
    }

    package private(set) var segments = 0
    package private(set) var misses = 0
    package private(set) var lost = 0
    package private(set) var inTarget = 0
    package private(set) var hedges = 0
    package private(set) var canaries = 0
    package private(set) var retries = 0

    package init() {}

    mutating func add(_ segment: Segment) {
        segments += 1
        misses += segment.isMissed ? 1 : 0
        lost += segment.isLost ? 1 : 0
        inTarget += segment.isInTarget ? 1 : 0
        hedges += segment.hedges
        canaries += segment.canaries
        retries += segment.retries
    }
}

/// Scores as weights for choosing: the mean weighs 1.
package enum ScoreWeights {
    /// However good or bad, nobody is drawn more than so many times as often, or as seldom.
    package static let bounds = 0.25...4.0

    /// - Parameter strength: exponent; 0 makes all equal, 2 lets the good ones win clearly.
    package static func of(_ ranked: [Ranked], strength: Double) -> [OrchestratorID: Double] {
        guard strength > 0, !ranked.isEmpty else { return [:] }
        // An orchestrator with several offers is as good as they are on average.
        var sums: [OrchestratorID: (sum: Double, count: Double)] = [:]
        for one in ranked where one.offer != nil {
            let known = sums[one.key.orchestrator] ?? (0, 0)
            sums[one.key.orchestrator] = (known.sum + one.score, known.count + 1)
        }
        let scores = sums.mapValues { $0.sum / $0.count }
        let mean = scores.values.reduce(0, +) / Double(max(scores.count, 1))
        guard mean > 0 else { return [:] }
        return scores.mapValues { min(max(power($0 / mean, strength), bounds.lowerBound), bounds.upperBound) }
    }

    /// x^y for halves of y, which is as fine as anybody sets it.
    private static func power(_ x: Double, _ y: Double) -> Double {
        let root = max(0, x).squareRoot()
        return (0..<Int((y * 2).rounded())).reduce(1) { value, _ in value * root }
    }
}
