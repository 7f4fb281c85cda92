package import SluiceTypes

/// All that routing knows of one orchestrator, for operators.
package struct OrchestratorPicture: Sendable {
    package struct Phase: Sendable {
        /// Seconds for a segment of two seconds.
        package var peak: Double
        package var p50: Double
        package var p90: Double
        package var p99: Double
        /// Samples by their present weight.
        package var samples: Double
    }

    package struct Work: Sendable {
        package var workClass: WorkClass
        package var upload: Phase
        package var work: Phase
        package var firstByte: Phase
        package var body: Phase
        package var total: Phase
    }

    package var entry: OrchestratorEntry
    package var isListed: Bool
    package var state: Health.State
    /// Seconds until an ejection ends.
    package var ejectedFor: Double?
    package var faultsInRow: Int
    package var ejections: Int
    /// Share of recent segments that did not fail.
    package var success: Double
    package var inFlight: Int
    /// Attempts past their time.
    package var late: Int
    /// Streams that have it as first choice, and how many it is known to take.
    package var streams: Int
    package var streamLimit: Int?
    package var gpuClass: GPUClass?
    package var gpuSource: GPUSource?
    /// Of an inferred class, 0 to 1.
    package var gpuConfidence: Double?
    package var works: [Work]
}

extension SegmentRouter {
    package func picture(at now: Moment) -> [OrchestratorPicture] {
        records.map { record in
            let state = record.health.state(at: now)
            let isTold = record.entry.gpu != nil
            return OrchestratorPicture(
                entry: record.entry, isListed: record.isListed, state: state,
                ejectedFor: state == .ejected ? record.health.ejectedUntil?.seconds(since: now) : nil,
                faultsInRow: record.health.faultsInRow, ejections: record.health.ejections, success: record.health.success.share,
                inFlight: record.inFlight, late: record.late, streams: record.streams, streamLimit: record.limit.limit,
                gpuClass: record.gpuClass,
                gpuSource: isTold ? record.entry.gpuSource : record.inferred == nil ? nil : .inferred,
                gpuConfidence: isTold ? nil : record.inferred?.confidence,
                works: zip(record.outlooks, record.works).map { OrchestratorPicture.Work($0.workClass, $1) })
        }
    }
}

extension SegmentRouter {
    /// How many are left out now, by GPU class (`nil`: not known), with 0 for the classes of the others.
    package func ejected(at now: Moment) -> [GPUClass?: Int] {
        var counts: [GPUClass?: Int] = [:]
        for record in records where record.isListed {
            counts[record.gpuClass, default: 0] += record.health.state(at: now) == .ejected ? 1 : 0
        }
        return counts
    }
}

extension SegmentRouter {
    package func health(at now: Moment) -> [OrchestratorID: Health.State] {
        Dictionary(records.filter(\.isListed).map { ($0.entry.id, $0.health.state(at: now)) }) { first, _ in first }
    }
}

extension OrchestratorPicture.Work {
    init(_ workClass: WorkClass, _ statistics: WorkStatistics) {
        self.init(
            workClass: workClass, upload: .init(statistics.upload), work: .init(statistics.work),
            firstByte: .init(statistics.firstByte), body: .init(statistics.body), total: .init(statistics.total))
    }
}

extension OrchestratorPicture.Phase {
    init(_ phase: WorkStatistics.Phase) {
        let span = WorkStatistics.span(of: 2)
        let quantiles = phase.sketch.quantiles(0.5, 0.9, 0.99)
        self.init(
            peak: phase.peak.value * span, p50: quantiles.0 * span, p90: quantiles.1 * span, p99: quantiles.2 * span,
            samples: phase.sketch.count)
    }
}

extension SegmentRouter {
    /// What the list last said of an orchestrator; `nil` for one that was never in it.
    package func entry(of orchestrator: OrchestratorID) -> OrchestratorEntry? { slots[orchestrator].map { records[$0].entry } }
}
