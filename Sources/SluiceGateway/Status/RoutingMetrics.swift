import SluiceRouting
import SluiceTypes
import Synchronization

/// What routing decided and what came of it (specs/selection-and-reliability E5).
final class RoutingMetrics: Sendable {
    private static let buckets = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8]

    private let decisions: [RouteDecision.Reason: Counter]
    private let hedges: [RouteCounts.HedgeResult: Counter]
    private let canaries: Counter
    private let retries: Counter
    private let misses: Counter
    private let finish: MetricFamily<Histogram>
    private let ejected: MetricFamily<Gauge>
    private let classes: Mutex<Set<String>> = Mutex([])

    init(registry: MetricRegistry) {
        var decisions: [RouteDecision.Reason: Counter] = [:]
        for reason in RouteDecision.Reason.allCases {
            decisions[reason] = registry.counter(
                "sluice_route_decisions_total", help: "First choices for a segment, by their reason.", labels: ["reason": reason.rawValue])
        }
        self.decisions = decisions
        var hedges: [RouteCounts.HedgeResult: Counter] = [:]
        for result in [RouteCounts.HedgeResult.won, .lost] {
            hedges[result] = registry.counter(
                "sluice_hedges_total", help: "Second attempts beside a late one, by whether they were first.",
                labels: ["result": result.rawValue])
        }
        self.hedges = hedges
        canaries = registry.counter("sluice_canaries_total", help: "Copies sent to learn of an orchestrator.")
        retries = registry.counter("sluice_retries_total", help: "Attempts in the place of a failed one.")
        misses = registry.counter("sluice_deadline_misses_total", help: "Segments whose last rendition came after its deadline or never.")
        ejected = registry.gauges("sluice_ejected", help: "Orchestrators left out after faults, by GPU class.", labels: ["class"])
        finish = registry.histograms(
            "sluice_attempt_finish_seconds", help: "From sending to the last rendition, by orchestrator and class of work.",
            buckets: Self.buckets, labels: ["orchestrator", "class"])
    }

    func observe(_ decision: RouteDecision) {
        decisions[decision.reason]?.increment()
        if decision.isMissed { misses.increment() }
        for attempt in decision.attempts {
            switch attempt.role {
            case .primary: break
            case .hedge: hedges[attempt.result == .won ? .won : .lost]?.increment()
            case .retry: retries.increment()
            case .canary: canaries.increment()
            }
            if let total = attempt.times.total {
                finish[attempt.orchestrator.rawValue, decision.workClass.description].observe(total)
            }
        }
    }

    /// Sets the gauges to what is the case; before each scrape, as ejections end by the clock.
    ///
    /// - Parameter counts: by GPU class; `nil` is a class that is not known.
    func observe(ejected counts: [GPUClass?: Int]) {
        let named = Dictionary(counts.map { ($0.key?.rawValue ?? "unknown", $0.value) }, uniquingKeysWith: +)
        classes.withLock { classes in
            for name in classes where named[name] == nil { ejected[name].set(0) }
            for (name, count) in named {
                ejected[name].set(count)
                if classes.count < MetricFamily<Gauge>.mostSeries { classes.insert(name) }
            }
        }
    }
}
