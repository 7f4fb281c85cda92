/// What was simulated, in the words of a report.
package struct ReportedWorld: Sendable {
    package var scenario: Scenario
    package var seeds: Int
    package var settings: RunSettings

    package init(scenario: Scenario, seeds: Int, settings: RunSettings) {
        self.scenario = scenario
        self.seeds = seeds
        self.settings = settings
    }

    /// What was run, in a sentence.
    var sentence: String {
        let streams = scenario.streams.reduce(0) { $0 + $1.count }
        let orchestrators = scenario.orchestrators.reduce(0) { $0 + $1.count }
        let durations = Set(scenario.streams.map(\.segmentDuration)).sorted().map(ReportText.short)
        let shown = durations.count > 3 ? "\(durations[0]) to \(durations[durations.count - 1])" : durations.joined(separator: " and ")
        return "\(ReportText.count(streams, "stream")) of \(shown) s segments on \(ReportText.count(orchestrators, "orchestrator")), "
            + "\(ReportText.count(scenario.gateways, "gateway")), \(ReportText.span(scenario.duration)), \(ReportText.count(seeds, "seed")). "
            + "A segment is late \(lateAfter) after its cut."
    }

    private var lateAfter: String {
        deadlines.count > 3
            ? "\(ReportText.short(settings.playoutBudget)) of its durations"
            : deadlines.map(ReportText.seconds).joined(separator: " or ")
    }

    /// Seconds from the cut to the deadline, of every segment duration there is.
    var deadlines: [Double] { Set(scenario.streams.map { $0.segmentDuration * settings.playoutBudget }).sorted() }
}

/// One policy in a report: its figures over all seeds, and one run of it to look at.
package struct ReportedPolicy: Sendable {
    package var name: String
    package var summary: RunSummary
    /// Of the first seed.
    package var record: RunRecord
    /// One of each seed.
    package var runs: [RunFigures]

    package init(name: String, record: RunRecord, runs: [RunFigures]) {
        self.name = name
        self.summary = RunSummary(runs)
        self.record = record
        self.runs = runs
    }

    func value(_ figure: RunSummary.Figure) -> Double { summary[figure].value }

    /// Wei.
    var costPerThousand: Double { Self.costPerThousand(summary.figures) }

    static func costPerThousand(_ figures: RunFigures) -> Double {
        figures.segments > 0 ? figures.cost / Double(figures.segments) * 1000 : 0
    }

    var lateShare: Double {
        summary.figures.segments > 0 ? Double(summary.figures.misses) / Double(summary.figures.segments) : 0
    }

    /// When this share of the segments was finished, in the run of the record.
    func seconds(at share: Double) -> Double? { record.finishCurve.first { $0.share >= share - 1e-9 }.map { $0.ms / 1000 } }
}
