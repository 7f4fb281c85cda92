import SluiceTypes

/// Everything the gateway knows of one orchestrator, shared by all streams.
struct OrchestratorRecord: Sendable {
    var entry: OrchestratorEntry
    /// In the newest list. One that is gone keeps its statistics, so that it may come back.
    var isListed = true
    /// Wei per pixel, 0 off-chain; kept because the division is on every decision's way.
    var price: Double
    var works: [WorkStatistics] = []
    var health = Health()
    var limit = ConcurrencyLimit()
    var inFlight = 0
    /// Streams whose primary this is.
    var sessions = 0
    var successes = 0
    /// Attempts that are past the time by which nearly all are answered.
    var late = 0
    var lastLate: Moment?
    var lastUsed: Moment?
    var lastSuccess: Moment?
    /// What its finish times say of its GPU, where nobody told.
    var inferred: GPUInference.Verdict?

    init(_ entry: OrchestratorEntry) {
        self.entry = entry
        self.price = entry.price?.weiPerPixel ?? 0
    }

    /// Whether it stands still: two of what it has, and half of it, are past their time. One late segment is chance, and hedged by itself.
    var isLate: Bool { late > 1 && late * 2 >= inFlight }

    var gpuClass: GPUClass? { entry.gpu?.gpuClass ?? inferred?.gpuClass }

    func work(_ workClass: WorkClass) -> WorkStatistics? {
        works.first { $0.workClass == workClass }
    }

    /// Kinds of work kept for one orchestrator; a ninth takes the place of the one not used for the longest time.
    static let mostWorkClasses = 8

    mutating func withWork(_ workClass: WorkClass, _ change: (inout WorkStatistics) -> Void) {
        if let index = works.firstIndex(where: { $0.workClass == workClass }) {
            change(&works[index])
            return
        }
        var fresh = WorkStatistics(workClass)
        change(&fresh)
        if works.count < Self.mostWorkClasses {
            works.append(fresh)
        } else if let oldest = works.indices.min(by: { (works[$0].lastSample?.nanoseconds ?? 0) < (works[$1].lastSample?.nanoseconds ?? 0) }
        ) {
            works[oldest] = fresh
        }
    }
}
