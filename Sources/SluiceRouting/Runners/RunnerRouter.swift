package import SluiceTypes

/// Chooses a runner for each request or session of an app. Pure: the moment and the seed are arguments.
///
/// Shares with `SegmentRouter` what is about peers and not about video: health with ejection and canaries, the quantiles of past
/// times, the score of time and price, the draw among equals by load. It has no deadlines, hedges or service levels: an app's request
/// has no time by which it is of no more use.
package struct RunnerRouter: Sendable {
    private struct Record: Sendable {
        var runner: RemoteRunner
        var isListed = true
        var health = Health()
        var times = QuantileSketch()
        var inFlight = 0
        /// What it said it had free when it said so last, less what we gave it since.
        var free: Int
        var fullUntil: Moment?
    }

    /// Runners that are gone are remembered, with what was seen of them, so that they may come back.
    private static let mostRecords = 20_000
    /// Seconds for which one that refused for want of room is not asked again.
    private static let fullPause = 1.0
    /// Seconds that are taken for one of which nothing is known, where nothing is known of any.
    private static let guess = 1.0
    /// Times within this share are equal, and the load decides.
    private static let equalShare = 0.2
    private static let noise = 0.002

    private let settings: RoutingSettings
    private var records: [RemoteRunnerID: Record] = [:]
    private var byApp: [String: [RemoteRunnerID]] = [:]
    private var generator: SeededGenerator
    private var decided = RunnerDecisions()

    package init(settings: RoutingSettings = .init(), seed: UInt64) {
        self.settings = settings
        generator = SeededGenerator(seed: seed)
    }

    package var runners: [RemoteRunner] {
        byApp.values.joined().compactMap { id in records[id].flatMap { $0.isListed ? $0.runner : nil } }
            .sorted { ($0.app, $0.id.description) < ($1.app, $1.id.description) }
    }

    package func measures(at now: Moment) -> [RemoteRunnerID: AppMeasure] {
        records.compactMapValues { record in
            guard record.isListed else { return nil }
            let times = record.times.total > 0 ? record.times.quantiles(0.5, 0.9, 0.99) : nil
            return AppMeasure(median: times?.0, p90: times?.1, isWell: rank(record, at: now) < 3)
        }
    }

    package func knows(_ app: String) -> Bool { byApp[app] != nil }

    /// What one orchestrator has now.
    package mutating func update(_ runners: [RemoteRunner], of orchestrator: OrchestratorID) {
        let named = Set(runners.map(\.id))
        for id in records.keys where id.orchestrator == orchestrator && !named.contains(id) { records[id]?.isListed = false }
        for runner in runners {
            if let old = records[runner.id] {
                if old.runner.app != runner.app {
                    byApp[old.runner.app]?.removeAll { $0 == runner.id }
                    byApp[runner.app, default: []].append(runner.id)
                }
                records[runner.id]?.runner = runner
                records[runner.id]?.isListed = true
                records[runner.id]?.free = runner.available
                if runner.available > 0 { records[runner.id]?.fullUntil = nil }
            } else {
                if records.count >= Self.mostRecords { forgetOne() }
                records[runner.id] = Record(runner: runner, free: runner.available)
                byApp[runner.app, default: []].append(runner.id)
            }
        }
    }

    private mutating func forgetOne() {
        guard let gone = records.first(where: { !$0.value.isListed && $0.value.inFlight == 0 }) else { return }
        records[gone.key] = nil
        byApp[gone.value.runner.app]?.removeAll { $0 == gone.key }
        if byApp[gone.value.runner.app]?.isEmpty == true {
            byApp[gone.value.runner.app] = nil
            decided.forget(gone.value.runner.app)
        }
    }

    /// The last ones of an app, oldest first.
    package func decisions(of app: String) -> [RunnerDecision] { decided[app] }

    /// - Throws: `AppLack`: who there is, and why none of them.
    package mutating func choose(
        _ wish: AppWish, avoiding tried: Set<RemoteRunnerID>, at now: Moment
    ) throws(AppLack) -> RemoteRunner {
        let serving = (byApp[wish.app] ?? []).compactMap { records[$0] }.filter(\.isListed)
        // Of an app that nobody ever had nothing is kept: its name is whatever a client makes up.
        guard !serving.isEmpty else { throw AppLack("no runner serves '\(wish.app)'") }
        var leftOut: [(RemoteRunnerID, LeftOut)] = []
        var roomy: [Record] = []
        var fitting = 0
        for record in serving {
            let id = record.runner.id
            if let obstacle = wish.obstacle(record.runner) {
                leftOut.append((id, .unfit(obstacle)))
                continue
            }
            fitting += 1
            if tried.contains(id) {
                leftOut.append((id, .tried))
            } else if !isOpen(record, at: now) {
                leftOut.append((id, .full(limit: record.runner.capacity)))
            } else {
                roomy.append(record)
            }
        }
        guard !roomy.isEmpty else {
            let lack = Self.lack(wish, leftOut.map(\.1), fitting: fitting, of: serving.count)
            note(wish, .nobody, nil, serving.count, [], leftOut, at: now)
            throw lack
        }
        // Who is well goes first; where nobody is, all are asked: a request that is not sent is lost.
        let best = roomy.map { rank($0, at: now) }.min() ?? 0
        for record in roomy where rank(record, at: now) > best { leftOut.append((record.runner.id, ailment(record, at: now))) }
        let standing = roomy.filter { rank($0, at: now) == best }
        let usual = typical(serving)
        let scores = standing.map { (record: $0, score: score($0, usual)) }
        let least = scores.map(\.score).min() ?? 0
        let equal = scores.filter { $0.score <= least * (1 + Self.equalShare) + Self.noise }.map(\.record)
        let chosen = draw(equal).runner
        let reason: RunnerDecision.Reason = best == 3 ? .panic : standing.count == 1 ? .only : equal.count == 1 ? .best : .roomier
        note(wish, reason, chosen.id, serving.count, scores.map { considered($0.record, $0.score, usual) }, leftOut, at: now)
        return chosen
    }

    private static func lack(_ wish: AppWish, _ leftOut: [LeftOut], fitting: Int, of serving: Int) -> AppLack {
        if fitting == 0 {
            let obstacle = leftOut.lazy.compactMap { if case .unfit(let why) = $0 { why } else { nil } }.first ?? ""
            return AppLack("no runner of '\(wish.app)' is what was asked for: of one of \(serving), \(obstacle)")
        }
        let isFull = leftOut.contains { if case .full = $0 { true } else { false } }
        return isFull
            ? AppLack("all \(fitting) runners of '\(wish.app)' are full")
            : AppLack("none of the \(fitting) runners of '\(wish.app)' answered")
    }

    private func considered(_ record: Record, _ score: Double, _ usual: Double) -> RunnerDecision.Considered {
        RunnerDecision.Considered(
            runner: record.runner.id, median: record.times.total > 0 ? record.times.quantiles(0.5, 0.9, 0.99).0 : usual,
            samples: record.times.count, score: score, price: record.runner.price, inFlight: record.inFlight, free: record.free,
            capacity: record.runner.capacity)
    }

    private func ailment(_ record: Record, at now: Moment) -> LeftOut {
        switch record.health.state(at: now) {
        case .halfOpen: .halfOpen
        case .ejected: .ejected(seconds: record.health.ejectedUntil?.seconds(since: now) ?? 0)
        case .healthy, .suspect: .suspect
        }
    }

    private mutating func note(
        _ wish: AppWish, _ reason: RunnerDecision.Reason, _ choice: RemoteRunnerID?, _ candidates: Int,
        _ considered: [RunnerDecision.Considered], _ leftOut: [(RemoteRunnerID, LeftOut)], at now: Moment
    ) {
        let named = considered.sorted { $0.score < $1.score }.prefix(RunnerDecisions.mostNamed)
        decided.add(
            RunnerDecision(
                app: wish.app, decided: now, reason: reason, choice: choice, candidates: candidates, considered: Array(named),
                leftOut: leftOut.prefix(RunnerDecisions.mostNamed).map { ($0.0, $0.1) }, leftOutCount: leftOut.count))
    }

    private func isOpen(_ record: Record, at now: Moment) -> Bool {
        if let fullUntil = record.fullUntil, now < fullUntil { return false }
        // What discovery said may be old, so that a full one is asked again once nothing of ours is there.
        return record.free > 0 || (record.inFlight == 0 && record.runner.available > 0)
    }

    private func rank(_ record: Record, at now: Moment) -> Int {
        switch record.health.state(at: now) {
        case .healthy: 0
        case .halfOpen: 1
        case .suspect: 2
        case .ejected: 3
        }
    }

    private func typical(_ records: [Record]) -> Double {
        let known = records.filter { $0.times.total > 0 }.map { $0.times.quantiles(0.5, 0.9, 0.99).0 }.sorted()
        return known.isEmpty ? Self.guess : known[known.count / 2]
    }

    /// As for segments: the time it will take, and twice the price is as bad as 19 % later.
    private func score(_ record: Record, _ usual: Double) -> Double {
        let time = record.times.total > 0 ? record.times.quantiles(0.5, 0.9, 0.99).0 : usual
        guard let price = record.runner.price?.amount, price > 0 else { return time }
        return time * price.squareRoot().squareRoot()
    }

    /// Two are drawn, and the less loaded one is it.
    private mutating func draw(_ equal: [Record]) -> Record {
        let first = equal[generator.index(below: equal.count)]
        guard equal.count > 1 else { return first }
        let others = equal.filter { $0.runner.id != first.runner.id }
        guard !others.isEmpty else { return first }
        let second = others[generator.index(below: others.count)]
        func load(_ record: Record) -> Double {
            Double(record.runner.capacity - record.free + 1) / Double(max(1, record.runner.capacity))
        }
        return load(second) < load(first) ? second : first
    }

    package mutating func began(_ id: RemoteRunnerID) {
        records[id]?.inFlight += 1
        records[id]?.free -= 1
    }

    package mutating func ended(_ id: RemoteRunnerID, _ outcome: AppOutcome, at now: Moment) {
        guard var record = records[id] else { return }
        record.inFlight = max(0, record.inFlight - 1)
        record.free = min(record.runner.capacity, record.free + 1)
        switch outcome {
        case .answered(let seconds):
            record.times.add(seconds, at: now, halfLife: settings.sketchHalfLife)
            record.health.succeeded(at: now, settings.health)
        case .full: record.fullUntil = now.advanced(bySeconds: Self.fullPause)
        case .unreachable: _ = record.health.failed(.connect, at: now, settings.health)
        case .broken: _ = record.health.failed(.answer, at: now, settings.health)
        case .slow: _ = record.health.failed(.slow, at: now, settings.health)
        case .ended: break
        }
        records[id] = record
    }
}
