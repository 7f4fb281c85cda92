import SluiceTypes

/// Books how each segment of a run went, in flat lists, and draws the figures from them.
struct Ledger {
    /// Words for faults of a policy that are kept; one that goes wrong does so for every segment.
    private static let keptFaults = 20

    private struct Entry {
        /// Nanoseconds after the cut; -1 while it is under way.
        var finish: Int64 = -1
        /// -1 when it was given up.
        var server: Int32 = -1
        var attempts: Int32 = 0
    }

    private let streams: [World.Stream]
    /// Where each stream begins in `entries`.
    private let bases: [Int]
    private var entries: [Entry]
    private let budgets: [Int64]
    private let lostAfters: [Int64]
    private var faults: [String] = []
    private var faultCount = 0

    init(world: World, settings: RunSettings) {
        streams = world.streams
        var base = 0
        bases = streams.map { stream in
            defer { base += Int(stream.segments) }
            return base
        }
        entries = Array(repeating: Entry(), count: base)
        budgets = world.groups.map { nanoseconds($0.duration * settings.playoutBudget) }
        lostAfters = world.groups.map { nanoseconds(settings.lostAfter(duration: $0.duration)) }
    }

    mutating func blame(_ words: String) {
        faultCount += 1
        if faults.count < Self.keptFaults { faults.append("the policy " + words) }
    }

    mutating func sent(_ stream: Int, _ sequence: Int) { entries[bases[stream] + sequence].attempts += 1 }

    /// - Parameter server: who brought the last rendition; `nil` when it was given up.
    mutating func ended(_ stream: Int, _ sequence: Int, server: Int?, at now: Int64) {
        let place = bases[stream] + sequence
        entries[place].finish = now - cut(stream, sequence)
        entries[place].server = Int32(server ?? -1)
    }

    private func cut(_ stream: Int, _ sequence: Int) -> Int64 {
        streams[stream].opens + Int64(sequence + 1) * streams[stream].segment
    }

    // MARK: Figures

    func record(of world: World, seed: UInt64, settings: RunSettings) -> RunRecord {
        var tally = Tally(world: world, spans: settings.loadSpans)
        var finishes: [Int64] = []
        finishes.reserveCapacity(entries.count)
        var timelines: [StreamTimeline] = []
        for stream in streams.indices {
            let group = Int(streams[stream].group)
            let keeps = stream < settings.timelineStreams ? min(settings.timelineSegments, Int(streams[stream].segments)) : 0
            var outcomes: [SegmentOutcome] = []
            var lastServer: Int32 = -1
            for sequence in 0..<Int(streams[stream].segments) {
                let entry = entries[bases[stream] + sequence]
                let cut = cut(stream, sequence)
                // What nobody ended was given up when the world ended.
                let end = entry.finish >= 0 ? entry.finish : world.horizon - cut
                let isLost = entry.server < 0 || end > lostAfters[group]
                // Who gives up at once has not finished sooner.
                let finish = isLost ? max(end, lostAfters[group]) : end
                let isMissed = isLost || finish > budgets[group]
                finishes.append(finish)
                tally.add(cut: cut, finish: finish, budget: budgets[group], server: Int(entry.server), missed: isMissed, lost: isLost)
                tally.figures.swaps += entry.server >= 0 && lastServer >= 0 && entry.server != lastServer ? 1 : 0
                if entry.server >= 0 { lastServer = entry.server }
                tally.extraAttempts += max(0, Int(entry.attempts) - 1)
                if sequence < keeps {
                    outcomes.append(
                        SegmentOutcome(
                            sequence: sequence, cut: Double(cut) / 1e9, finish: Double(finish) / 1e9,
                            orchestrator: entry.server < 0 ? nil : Int(entry.server), attempts: Int(entry.attempts), missed: isMissed,
                            lost: isLost))
                }
            }
            if keeps > 0 {
                timelines.append(
                    StreamTimeline(stream: streams[stream].id, gateway: Int(streams[stream].gateway), segments: outcomes))
            }
        }
        finishes.sort()
        return RunRecord(
            seed: seed, figures: tally.finished(finishes), finishCurve: Self.curve(finishes, points: settings.curvePoints),
            timelines: timelines, orchestrators: tally.orchestrators, loadSpan: Double(tally.span) / 1e9, policyFaults: faults,
            policyFaultCount: faultCount, events: world.events)
    }

    /// The smallest value that at least this share of the values does not exceed; 0 where there are none.
    static func quantile(_ sorted: [Int64], _ share: Double) -> Int64 {
        guard let last = sorted.last else { return 0 }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return rank >= sorted.count ? last : sorted[max(rank, 1) - 1]
    }

    private static func curve(_ sorted: [Int64], points: Int) -> [CurvePoint] {
        guard !sorted.isEmpty, points > 0 else { return [] }
        return (1...points).map { point in
            let share = Double(point) / Double(points)
            return CurvePoint(share: share, ms: Double(quantile(sorted, share)) / 1e6)
        }
    }
}

/// Adds up a run.
private struct Tally {
    var figures = RunFigures()
    var orchestrators: [OrchestratorTally]
    var extraAttempts = 0
    let span: Int64
    private let spans: Int
    /// Beginnings of faults, in order, without doubles, and the end of the last segment that missed its deadline after each.
    private let faults: [Int64]
    private var recoveries: [Int64]

    init(world: World, spans: Int) {
        self.spans = max(spans, 1)
        let lastCut = world.streams.map(\.closes).max() ?? 0
        span = max(1, (lastCut + Int64(self.spans)) / Int64(self.spans))
        orchestrators = world.tallies
        for place in orchestrators.indices { orchestrators[place].servedOverTime = Array(repeating: 0, count: self.spans) }
        var beginnings: Set<Int64> = []
        for orchestrator in world.orchestrators {
            for occurrence in orchestrator.calendar.occurrences(before: lastCut) { beginnings.insert(occurrence.span.lowerBound) }
        }
        faults = beginnings.sorted()
        recoveries = faults
    }

    mutating func add(cut: Int64, finish: Int64, budget: Int64, server: Int, missed: Bool, lost: Bool) {
        figures.segments += 1
        figures.misses += missed ? 1 : 0
        figures.lost += lost ? 1 : 0
        if server >= 0 {
            orchestrators[server].served += 1
            orchestrators[server].misses += missed ? 1 : 0
            orchestrators[server].servedOverTime[min(spans - 1, Int(cut / span))] += 1
        }
        if missed, let fault = lastFault(before: cut + budget) { recoveries[fault] = max(recoveries[fault], cut + finish) }
    }

    private func lastFault(before moment: Int64) -> Int? {
        var low = 0
        var high = faults.count
        while low < high {
            let middle = (low + high) / 2
            if faults[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }

    func finished(_ finishes: [Int64]) -> RunFigures {
        var figures = figures
        figures.p50Ms = Double(Ledger.quantile(finishes, 0.5)) / 1e6
        figures.p95Ms = Double(Ledger.quantile(finishes, 0.95)) / 1e6
        figures.p99Ms = Double(Ledger.quantile(finishes, 0.99)) / 1e6
        figures.extraWork = figures.segments == 0 ? 0 : Double(extraAttempts) / Double(figures.segments)
        // Whole nanoseconds are added, so that the order does not matter.
        let delays = zip(faults, recoveries).reduce(Int64(0)) { $0 + ($1.1 - $1.0) }
        figures.recoveryMs = faults.isEmpty ? 0 : Double(delays) / Double(faults.count) / 1e6
        for orchestrator in orchestrators {
            figures.cost += orchestrator.cost
            figures.load[orchestrator.name] = orchestrator.served
        }
        let served = orchestrators.reduce(0) { $0 + $1.served }
        let busiest = orchestrators.map(\.served).max() ?? 0
        figures.busiestShare = served == 0 ? 0 : Double(busiest * orchestrators.count) / Double(served)
        return figures
    }
}
