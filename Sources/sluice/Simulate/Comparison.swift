import Foundation
import SluiceSimulation

/// Runs policies on the same seeds of one scenario, as many runs at once as there are cores.
struct Comparison {
    let simulation: Simulation
    let seeds: Int

    /// - Parameter policies: name in the report and how to make it.
    /// - Returns: in the order of `policies`.
    func run(_ policies: [(name: String, make: Policies.Factory)], progress: ProgressBar) async throws -> [ReportedPolicy] {
        let jobs = policies.indices.flatMap { policy in (0..<seeds).map { (policy: policy, seed: $0) } }
        var figures = policies.map { _ in [RunFigures?](repeating: nil, count: seeds) }
        var records = [RunRecord?](repeating: nil, count: policies.count)
        try await withThrowingTaskGroup(of: (job: Int, record: RunRecord).self) { group in
            var next = 0
            func start() {
                guard next < jobs.count else { return }
                let (index, job) = (next, jobs[next])
                next += 1
                let make = policies[job.policy].make
                group.addTask { @concurrent in
                    try Task.checkCancellation()
                    let record = simulation.run(seed: UInt64(job.seed + 1), policy: make) { progress.advance(index, to: $0) }
                    progress.advance(index, to: 1)
                    return (index, record)
                }
            }
            for _ in 0..<max(1, ProcessInfo.processInfo.activeProcessorCount) { start() }
            while let (index, record) = try await group.next() {
                let job = jobs[index]
                figures[job.policy][job.seed] = record.figures
                // Plots show the run of the first seed; the others leave their figures alone behind.
                if job.seed == 0 { records[job.policy] = record }
                start()
            }
        }
        return policies.indices.compactMap { index in
            records[index].map { ReportedPolicy(name: policies[index].name, record: $0, runs: figures[index].compactMap { $0 }) }
        }
    }
}
