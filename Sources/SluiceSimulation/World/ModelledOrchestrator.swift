import SluiceTypes

/// An orchestrator of the simulated world: its ways in and out, its lanes, and who has a session.
struct ModelledOrchestrator {
    let name: String
    private(set) var model: OrchestratorModel
    private(set) var calendar: FaultCalendar
    private(set) var pace: Pace
    /// What it answers when asked; the price is set at each answer.
    let entry: OrchestratorEntry

    private(set) var condition: Condition
    private var active: [Bool]
    private var sprung: [Bool]
    /// Grows at each crash: what was asked before it is not answered.
    private(set) var crashes = 0
    /// Those of them that waited for a segment in a stage.
    private(set) var kills: [FaultModel.Stage: Int] = [:]

    var inbound: SharedLink
    var outbound: SharedLink
    /// When the next transfer of each is looked at; `Int64.max` when no event waits.
    var inboundDue = Int64.max
    var outboundDue = Int64.max

    var freeLanes: Int
    /// Sessions with a segment ready and no lane for it; some may have nothing left by the time they are first.
    var laneLine = FIFO<Int32>()
    /// The session of each stream. Those that a gateway has replaced by a new one count in `sessionCount` until they idle out.
    var sessionOfStream: [Int32: Int32] = [:]
    var sessionCount = 0
    /// Streams whose token was refused since the fault began.
    var refusedStreams: Set<Int32> = []

    init(name: String, model: OrchestratorModel, gpu: GPU?, horizon: Int64) {
        self.name = name
        self.model = model
        calendar = FaultCalendar(faults: model.faults)
        pace = calendar.pace(before: horizon)
        entry = OrchestratorEntry(
            id: OrchestratorID(name), capabilities: CapabilitySet(Capability.allCases), operatorName: model.operatorName,
            region: model.region, gpu: gpu)
        active = Array(repeating: false, count: model.faults.count)
        sprung = active
        condition = Condition(model.faults, active: active, sprung: sprung, baseLoss: model.network.loss)
        inbound = SharedLink(bitsPerSecond: model.network.bandwidth)
        outbound = SharedLink(bitsPerSecond: model.network.bandwidth)
        freeLanes = model.service.lanes
    }

    var isFull: Bool { condition.isCapped || sessionCount >= model.service.sessions }

    var price: Double { model.price * condition.priceFactor }

    /// Speed of work at this moment, as a share of the full one. The curve of the day is a smooth wave of cubic pieces, within 1 % of
    /// a cosine, because a cosine is not the same on every machine.
    func speed(at now: Int64) -> Double {
        guard model.diurnalLoad > 0 else { return 1 }
        let turns = Double(now) / 1e9 / model.diurnalPeriod
        let phase = turns - turns.rounded(.down)
        let rise = phase < 0.5 ? phase * 2 : 2 - phase * 2
        return 1 - model.diurnalLoad * rise * rise * (3 - 2 * rise)
    }

    /// In place of those that it has, before any of them has begun.
    mutating func expect(_ faults: [FaultModel], horizon: Int64) {
        model.faults = faults
        calendar = FaultCalendar(faults: faults)
        pace = calendar.pace(before: horizon)
        active = Array(repeating: false, count: faults.count)
        sprung = active
        update()
    }

    mutating func begin(fault: Int) {
        active[fault] = true
        sprung[fault] = false
        if model.faults[fault].kind == .refuseTokens { refusedStreams.removeAll() }
        update()
    }

    mutating func end(fault: Int) {
        active[fault] = false
        update()
    }

    /// The fault that waited for this stage, which now crashes it; `nil` when none waits.
    mutating func spring(_ stage: FaultModel.Stage) -> Int? {
        guard let armed = condition.armed, armed.stage == stage else { return nil }
        sprung[armed.fault] = true
        kills[stage, default: 0] += 1
        update()
        return armed.fault
    }

    mutating func forgetEverything(at now: Int64) {
        crashes += 1
        inbound.dropAll(at: pace.elapsed(at: now))
        outbound.dropAll(at: pace.elapsed(at: now))
        inboundDue = .max
        outboundDue = .max
        freeLanes = model.service.lanes
        laneLine.removeAll()
        sessionOfStream.removeAll(keepingCapacity: true)
        sessionCount = 0
    }

    private mutating func update() {
        condition = Condition(model.faults, active: active, sprung: sprung, baseLoss: model.network.loss)
    }
}

/// One gateway and one orchestrator bound for one stream, as the orchestrator keeps it.
struct ModelledSession {
    var orchestrator: Int32
    /// -1 when the session is gone and its place free.
    var stream: Int32
    /// The GPU session is not started yet.
    var isCold = true
    /// The gateway has ended it, or replaced it; nobody finds it any more.
    var isDetached = false
    var isWaitingForLane = false
    /// The attempt on a lane.
    var working: Int32 = -1
    /// Attempts that wait, in order.
    var line: [Int32] = []
    var lastUse: Int64 = 0

    var isAtRest: Bool { working < 0 && line.isEmpty }
}

/// A segment on its way through one orchestrator.
struct ModelledAttempt {
    enum Stage: UInt8 { case ended, uploading, queued, working, downloading, failing }

    /// Ways in which it ends badly.
    enum Failure: UInt8 {
        case connectionRefused, connectionBroken, capped, busy, tokenRefused, halfAnswer, wrongBytes
    }

    enum Flaw: UInt8 { case none, halfAnswer, wrongBytes }

    var stage = Stage.ended
    /// Ours no more; only its work goes on.
    var isAborted = false
    var failure = Failure.connectionRefused
    var flaw = Flaw.none
    /// Links that have not carried all of it yet: the gateway's and the orchestrator's.
    var uploadsLeft: UInt8 = 0
    var stream: Int32 = 0
    var sequence: Int32 = 0
    var orchestrator: Int32 = 0
    var session: Int32 = -1
    /// Renditions asked for, and those not here yet, a bit each.
    var places: UInt32 = 0
    var missing: UInt32 = 0
    /// Nanoseconds.
    var roundTrip = 0.0
    var pixels = 0.0
    /// Wei per pixel when the work began, and nanoseconds of work.
    var price = 0.0
    var work = 0.0
    /// The root of every chance in it.
    var root: UInt64 = 0
}
