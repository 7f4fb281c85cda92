import SluiceTypes

/// Every number that is counted of runners.
struct RunnerMetrics: Sendable {
    let runners: Gauge
    let open: Gauge
    let sessions: Counter
    private let releases: [RunnerRelease: Counter]

    init(registry: MetricRegistry) {
        runners = registry.gauge("sluice_runners", help: "Runners offered to clients.")
        open = registry.gauge("sluice_runner_sessions", help: "Sessions at runners, single requests included.")
        sessions = registry.counter("sluice_runner_sessions_total", help: "Sessions begun at runners.")
        let made = RunnerRelease.allCases.map { reason in
            let counter = registry.counter(
                "sluice_runner_sessions_ended_total", help: "Sessions ended, and why.", labels: ["reason": reason.rawValue])
            return (reason, counter)
        }
        releases = Dictionary(uniqueKeysWithValues: made)
    }

    func released(_ reason: RunnerRelease) { releases[reason]?.increment() }
}
