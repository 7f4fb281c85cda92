import SluiceTypes

/// Everything the gateway knows of one orchestrator, shared by all streams.
struct OrchestratorRecord: Sendable {
    var entry: OrchestratorEntry
    /// In the newest list. One that is gone keeps its statistics, so that it may come back.
    var isListed = true
    /// Wei per pixel, 0 off-chain; kept because the division is on every decision's way.
    var price: Double
    /// How much likelier it is drawn than one of weight 1, among those that are equal in time; above 0.
    var weight = 1.0
    /// Side by side: what decisions read, and the statistics behind it.
    private(set) var outlooks: [WorkOutlook] = []
    private(set) var works: [WorkStatistics] = []
    var stragglers = StragglerMemory()
    var health = Health()
    var limit = ConcurrencyLimit()
    var inFlight = 0
    /// Streams whose primary this is.
    var streams = 0
    /// Sessions it keeps for our streams, those of streams that have moved away among them.
    var sessions = 0
    /// Sessions from before this moment are gone: it was not to be reached.
    var lostSessions: Moment?
    var successes = 0
    /// Attempts that are past the time by which nearly all are answered.
    var late = 0
    /// Since when there is one.
    var lateSince: Moment?
    var lastUsed: Moment?
    var lastSuccess: Moment?
    /// What its finish times say of its GPU, where nobody told.
    var inferred: GPUInference.Verdict?

    init(_ entry: OrchestratorEntry) {
        self.entry = entry
        self.price = entry.price?.weiPerPixel ?? 0
    }

    /// Whether it stands still: two of what it has, and half of it, are past their time, and nothing has come back since the first was;
    /// or nearly all is. One late segment is chance.
    var standsStill: Bool {
        guard late > 1, late * 2 >= inFlight, let lateSince else { return false }
        return lastSuccess.map { $0 < lateSince } ?? true || (late >= Self.many && late * 4 >= inFlight * 3)
    }

    private static let many = 4

    var gpuClass: GPUClass? { entry.gpu?.gpuClass ?? inferred?.gpuClass }

    /// Kinds of work kept for one orchestrator; a ninth takes the place of the one not used for the longest time.
    static let mostWorkClasses = 8

    func place(of workClass: WorkClass) -> Int? { outlooks.firstIndex { $0.workClass == workClass } }

    func outlook(_ workClass: WorkClass) -> WorkOutlook? { place(of: workClass).map { outlooks[$0] } }

    mutating func add(_ times: PhaseTimes, _ workClass: WorkClass, duration: Double, at now: Moment, _ settings: RoutingSettings) {
        let place = place(of: workClass) ?? newPlace(for: workClass)
        works[place].add(times, duration: duration, at: now, settings)
        outlooks[place].update(from: works[place], at: now, hasTotal: times.total != nil, settings)
    }

    private mutating func newPlace(for workClass: WorkClass) -> Int {
        if works.count < Self.mostWorkClasses {
            outlooks.append(WorkOutlook(workClass))
            works.append(WorkStatistics())
            return works.count - 1
        }
        let oldest = outlooks.indices.min {
            (outlooks[$0].lastSample?.nanoseconds ?? .min) < (outlooks[$1].lastSample?.nanoseconds ?? .min)
        }
        let place = oldest ?? 0
        outlooks[place] = WorkOutlook(workClass)
        works[place] = WorkStatistics()
        return place
    }
}
