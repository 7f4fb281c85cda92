import SluiceTypes

/// How an orchestrator stands for one segment of one stream; the lower the better.
enum Standing: Int, Comparable {
    case good, overTarget, late, suspect, halfOpen, ejected

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What is asked of the router: whom to give a segment of this stream at this moment.
struct RouteQuestion {
    let segment: SegmentFacts
    let workClass: WorkClass
    let level: ServiceLevel
    let now: Moment
    /// Seconds from now to the target.
    let left: Double

    init(_ segment: SegmentFacts, _ level: ServiceLevel, at now: Moment) {
        self.segment = segment
        self.level = level
        self.now = now
        workClass = WorkClass(codec: segment.codec, outputPixelRate: segment.outputPixelRate)
        left = level.target(for: segment.duration) - now.seconds(since: segment.cut)
    }
}

/// One orchestrator, looked at for one question.
struct Look {
    let slot: Int
    let standing: Standing
    let prediction: Prediction
    /// Seconds that a session would take to start; 0 where the stream has one that is warm.
    let coldStart: Double
    /// Barred for this choice whatever its standing: full, or tried already.
    var bar: LeftOut?
}

extension SegmentRouter {
    func look(at slot: Int, _ question: RouteQuestion, _ route: StreamRoute) -> Look {
        let prediction = prediction(slot, question)
        let standing: Standing =
            switch records[slot].health.state(at: question.now) {
            case .ejected: .ejected
            case .halfOpen: .halfOpen
            case .suspect: .suspect
            case .healthy: records[slot].standsStill ? .late : prediction.atPercentile > question.left ? .overTarget : .good
            }
        return Look(
            slot: slot, standing: standing, prediction: prediction,
            coldStart: isWarm(slot, route, at: question.now) ? 0 : coldStart.seconds,
            bar: bar(slot, question, route))
    }

    func isWarm(_ slot: Int, _ route: StreamRoute, at now: Moment) -> Bool {
        route.isWarm(at: slot, lost: records[slot].lostSessions, now: now)
    }

    private func bar(_ slot: Int, _ question: RouteQuestion, _ route: StreamRoute) -> LeftOut? {
        if route.barred.contains(slot) { return .tooExpensive(weiPerPixel: records[slot].price) }
        let limit = records[slot].limit
        let others = records[slot].sessions - (route.hasSession(at: slot) ? 1 : 0)
        let isOpen = isWarm(slot, route, at: question.now) ? !limit.isBusy(at: question.now) : limit.allows(others, at: question.now)
        guard isOpen else { return .full(limit: limit.limit ?? others) }
        let isQueued = route.inFlight(at: slot) >= settings.inFlightPerSession
        return isQueued ? .full(limit: settings.inFlightPerSession) : nil
    }

    func prediction(_ slot: Int, _ question: RouteQuestion) -> Prediction {
        let duration = question.segment.duration
        // In place: a record is large, and a copy of it touches the counts of all that it refers to.
        return records.withUnsafeBufferPointer { records in
            let place = records[slot].outlooks.firstIndex { $0.workClass == question.workClass }
            var prediction = Prediction(
                place.map { records[slot].outlooks[$0] }, typical: usual(question.workClass), roundTrip: records[slot].entry.roundTrip ?? 0,
                duration: duration)
            // The outlook is made for the node's own percentile.
            if let place, prediction.isProven, question.level.percentile != settings.serviceLevel.percentile {
                let sketch = records[slot].works[place].total.sketch
                prediction.atPercentile = sketch.quantiles(question.level.percentile, 1, 1).0 * WorkStatistics.span(of: duration)
            }
            return prediction
        }
    }

    private func usual(_ workClass: WorkClass) -> WorkOutlook? {
        typicalOutlooks.first { $0.workClass == workClass }
    }

    /// What the predicted finish is worth: of two equal ones the cheaper, and twice the price is as bad as 19 % later.
    func score(_ look: Look) -> Double {
        let price = records[look.slot].price
        return look.prediction.finish * (price > 0 ? price.squareRoot().squareRoot() : 1)
    }

    /// Seconds by which two finish times may differ and be equal: else every gateway would crowd at the one that is best by a hair.
    func equalSpan(_ question: RouteQuestion) -> Double { max(Self.noise, settings.equalShare * question.segment.duration) }

    private static let noise = 0.01

    func considered(_ look: Look, at now: Moment) -> RouteDecision.Considered {
        let leftOut: LeftOut? =
            look.bar
            ?? {
                switch look.standing {
                case .good: nil
                case .overTarget, .late: .late(predicted: look.prediction.atPercentile)
                case .suspect: .suspect
                case .halfOpen: .halfOpen
                case .ejected: .ejected(seconds: records[look.slot].health.ejectedUntil?.seconds(since: now) ?? 0)
                }
            }()
        return RouteDecision.Considered(
            orchestrator: records[look.slot].entry.id, median: look.prediction.median, atPercentile: look.prediction.atPercentile,
            samples: look.prediction.samples, weiPerPixel: records[look.slot].price, inFlight: records[look.slot].inFlight,
            leftOut: leftOut)
    }
}
