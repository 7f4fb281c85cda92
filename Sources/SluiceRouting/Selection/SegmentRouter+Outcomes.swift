package import SluiceTypes

/// What came of what was sent, and what is learned from it.
extension SegmentRouter {
    /// - Returns: whether the orchestrator has to start a session for it.
    mutating func began(_ slot: Int, of stream: StreamID, at now: Moment) -> Bool {
        let isCold = !isWarm(slot, for: stream, at: now)
        records[slot].inFlight += 1
        records[slot].lastUsed = now
        if let place = streams.place(of: stream), streams.routes[place].began(slot, at: now) { records[slot].sessions += 1 }
        sharedCause.used(slot)
        return isCold
    }

    mutating func ended(_ slot: Int, of stream: StreamID, wasLate: Bool, at now: Moment) {
        records[slot].inFlight = max(0, records[slot].inFlight - 1)
        if wasLate { records[slot].late = max(0, records[slot].late - 1) }
        if let place = streams.place(of: stream) { streams.routes[place].ended(slot, at: now) }
    }

    func isWarm(_ slot: Int, for stream: StreamID, at now: Moment) -> Bool {
        streams.place(of: stream).map { isWarm(slot, streams.routes[$0], at: now) } ?? false
    }

    /// - Parameter isCold: it was the first of a session.
    mutating func succeeded(
        _ slot: Int, of stream: StreamID, _ workClass: WorkClass, _ seen: PhaseTimes, duration: Double, isCold: Bool, at now: Moment
    ) {
        if let place = streams.place(of: stream) { streams.routes[place].warmed(slot) }
        records[slot].health.succeeded(at: now, settings.health)
        records[slot].limit.succeeded(sessions: records[slot].sessions, at: now)
        records[slot].lastSuccess = now
        // What is true of everybody at this moment says nothing of one.
        guard !sharedCause.isSpell(at: now) else { return }
        let times = isCold ? warm(seen, slot, workClass, duration: duration) : seen
        let settings = settings
        records[slot].add(times, workClass, duration: duration, at: now, settings)
        addTypical(times, workClass, duration: duration, at: now)
        infer(slot, workClass)
    }

    /// The times without the start of the session, which is learned by itself.
    private mutating func warm(_ seen: PhaseTimes, _ slot: Int, _ workClass: WorkClass, duration: Double) -> PhaseTimes {
        var times = seen
        if let total = seen.total, let outlook = records[slot].outlook(workClass), outlook.samples >= Prediction.enoughSamples {
            coldStart.learn(total - outlook.median * WorkStatistics.span(of: duration))
        }
        times.work = seen.work.map(coldStart.warm)
        times.total = seen.total.map(coldStart.warm)
        return times
    }

    /// One that was overtaken or given up: it would have taken longer than this.
    mutating func overtaken(_ slot: Int, _ workClass: WorkClass, sent: Moment, duration: Double, at now: Moment) {
        guard !sharedCause.held(since: sent) else { return }
        let settings = settings
        records[slot].add(PhaseTimes(total: now.seconds(since: sent)), workClass, duration: duration, at: now, settings)
        blame(slot, .slow, at: now)
    }

    mutating func failed(_ slot: Int, of stream: StreamID, _ failure: SegmentFailure, sent: Moment, at now: Moment) {
        switch failure.reason {
        case .busy: refused(slot, of: stream, at: now)
        case .mediaUnusable, .cancelled: break
        case .sessionRefused: loseSession(slot, of: stream)
        case .unreachable:
            records[slot].lostSessions = now
            loseSession(slot, of: stream)
            blame(slot, .connect, at: now)
        case .timedOut:
            if !sharedCause.held(since: sent) { blame(slot, .slow, at: now) }
        case .refused, .protocolViolation, .transcodeFailed:
            blame(slot, .answer, at: now)
        }
    }

    /// What was running there for the stream after it had begun well has broken: it looks for another, and this one is to blame.
    package mutating func broke(
        _ orchestrator: OrchestratorID, of stream: StreamID, _ failure: SegmentFailure, sent: Moment, at time: Moment
    ) {
        let now = clamp(time)
        guard let slot = slot(of: orchestrator) else { return }
        failed(slot, of: stream, failure, sent: sent, at: now)
        leave(stream, slot)
    }

    private mutating func refused(_ slot: Int, of stream: StreamID, at now: Moment) {
        if isWarm(slot, for: stream, at: now) {
            records[slot].limit.refusedSegment(at: now)
        } else {
            loseSession(slot, of: stream)
            records[slot].limit.refusedSession(records[slot].sessions, at: now)
        }
    }

    private mutating func loseSession(_ slot: Int, of stream: StreamID) {
        if let place = streams.place(of: stream), streams.routes[place].lostSession(slot) { records[slot].sessions -= 1 }
    }

    private mutating func blame(_ slot: Int, _ fault: Health.Fault, at now: Moment) {
        if fault == .connect { records[slot].health.incident(at: now) }
        guard records[slot].health.failed(fault, at: now, settings.health) else { return }
        let listed = records.count { $0.isListed }
        let out = records.count { $0.isListed && $0.health.state(at: now) == .ejected }
        // Beyond the share (and for the last one always) the picture itself is in doubt: suspicion is enough.
        if Double(out) <= settings.health.largestShareOut * Double(listed) {
            counts.ejections += 1
        } else {
            records[slot].health.pardon()
        }
    }

    /// An attempt is past its time.
    mutating func late(_ slot: Int, at now: Moment) {
        if records[slot].late == 0 { records[slot].lateSince = now }
        records[slot].late += 1
        if sharedCause.someoneIsLate(records, at: now) {
            counts.commonCauses += 1
        } else if records[slot].standsStill {
            records[slot].health.incident(at: now)
        }
    }

    // MARK: What is usual

    private mutating func addTypical(_ times: PhaseTimes, _ workClass: WorkClass, duration: Double, at now: Moment) {
        var place = typicalOutlooks.firstIndex { $0.workClass == workClass }
        if place == nil, typicalOutlooks.count < OrchestratorRecord.mostWorkClasses {
            typicalOutlooks.append(WorkOutlook(workClass))
            typicalWorks.append(WorkStatistics())
            place = typicalOutlooks.count - 1
        }
        guard let place else { return }
        typicalWorks[place].add(times, duration: duration, at: now, settings)
        typicalOutlooks[place].update(from: typicalWorks[place], at: now, hasTotal: times.total != nil, settings)
    }

    /// Looks at the GPU now and then: when enough has been seen, and every so many segments after that.
    private mutating func infer(_ slot: Int, _ workClass: WorkClass) {
        records[slot].successes &+= 1
        guard records[slot].successes % Self.inferEvery == 0, let place = records[slot].place(of: workClass) else { return }
        if let known = records[slot].entry.gpu?.gpuClass {
            inference.learn(records[slot].works[place], workClass, of: known)
        } else if let verdict = inference.verdict(records[slot].works[place], workClass) {
            let before = records[slot].gpuClass
            records[slot].inferred = verdict
            if before != records[slot].gpuClass { changed(slot, wasListed: records[slot].isListed) }
        }
    }

    private static let inferEvery = 8
}
