import SluiceTypes

@testable import SluiceSimulation

/// Runs nobody ran, for reports: two policies on one scenario, one of them much better.
enum MadeUpRuns {
    static let scenario = Scenario(
        name: "stall", about: "One of five stalls for 10 s every minute.", duration: 600, streams: [StreamGroup(count: 30)],
        orchestrators: ["berlin", "frankfurt", "paris", "newyork", "mumbai"].map { name in
            OrchestratorModel(
                name: name, price: 1000, faults: name == "berlin" ? [FaultModel(.stall, at: 30, lasts: 10, every: 60)] : [])
        })

    static func world(seeds: Int = 3) -> ReportedWorld { ReportedWorld(scenario: scenario, seeds: seeds, settings: RunSettings()) }

    static var good: ReportedPolicy {
        policy("default", misses: [12, 14, 11], lost: [0, 0, 0], p99: [820, 840, 815], stalled: 0.02, cost: 1.8e14)
    }

    static var bad: ReportedPolicy {
        policy("reference", misses: [410, 402, 428], lost: [31, 28, 35], p99: [8200, 8400, 8150], stalled: 0.4, cost: 1.6e14)
    }

    /// - Parameter stalled: share of the stalls that the segments of a timeline meet.
    static func policy(
        _ name: String, misses: [Int], lost: [Int], p99: [Double], stalled: Double, cost: Double, segments: Int = 9000
    ) -> ReportedPolicy {
        let runs = misses.indices.map { index in
            var figures = RunFigures()
            figures.segments = segments
            figures.misses = misses[index]
            figures.lost = lost[index]
            figures.p50Ms = 240 + Double(index)
            figures.p95Ms = p99[index] / 2
            figures.p99Ms = p99[index]
            figures.swaps = misses[index] * 2
            figures.recoveryMs = p99[index] * 1.2
            figures.extraWork = 0.02 + stalled / 20
            figures.cost = cost * (1 + Double(index) / 50)
            figures.load = ["berlin": 2500, "frankfurt": 2300, "paris": 2100, "newyork": 1500, "mumbai": 600]
            return figures
        }
        let names = scenario.orchestrators.map(\.name)
        let curve = (1...1000).map { step in
            let share = Double(step) / 1000
            // Straight in the logarithm up to the tail, where the stalls are.
            let tail = share > 0.985 ? (share - 0.985) / 0.015 : 0
            return CurvePoint(share: share, ms: 120 + 300 * share + tail * tail * p99[0] * 1.3)
        }
        let timelines = (0..<6).map { stream in
            StreamTimeline(
                stream: StreamID("g1-s\(stream)")!, gateway: 0,
                segments: (0..<300).map { sequence in
                    let cut = Double(sequence * 2 + 2)
                    let isStalled = Int(cut) % 60 >= 30 && Int(cut) % 60 < 40 && Double((sequence * 7 + stream * 3) % 10) < stalled * 10
                    let home = (stream + (stalled > 0.1 ? sequence / 17 : sequence / 120)) % names.count
                    let isLost = isStalled && sequence % 11 == 0
                    return SegmentOutcome(
                        sequence: sequence, cut: cut, finish: isStalled ? 6 : 0.3, orchestrator: isLost ? nil : home, attempts: 1,
                        missed: isStalled, lost: isLost)
                })
        }
        let record = RunRecord(
            seed: 1, figures: runs[0], finishCurve: curve, timelines: timelines, orchestrators: names.map { OrchestratorTally(name: $0) },
            loadSpan: 10, policyFaults: [], policyFaultCount: 0, events: 0)
        return ReportedPolicy(name: name, record: record, runs: runs)
    }

    static var sweep: Sweep {
        Sweep(
            setting: "latency",
            points: [0.3, 0.4, 0.5, 0.6, 0.8, 1.0].map { value in
                let misses = Int(10 + 400 * value * value)
                // At 0.4 something went wrong: dearer and later than 0.5.
                return Sweep.Point(
                    value: value,
                    policy: policy(
                        "default", misses: [value == 0.4 ? 150 : misses], lost: [0], p99: [900], stalled: 0.1,
                        cost: 2.4e14 - 1.2e14 * value))
            })
    }
}
