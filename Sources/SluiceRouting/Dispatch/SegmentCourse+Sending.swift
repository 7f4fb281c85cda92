import SluiceTypes

/// Who gets the segment next, and when.
extension SegmentCourse {
    mutating func send(
        to slot: Int, _ role: AttemptRole, _ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]
    ) {
        let id = AttemptID(attempts.count)
        let places = role == .canary ? Array(0..<segment.renditions) : missing
        let clocks = clocks(for: slot, role, router, now)
        let isCold = router.began(slot, of: segment.stream, at: now)
        attempts.append(Attempt(slot: slot, role: role, sent: now, places: places, clocks: clocks, isCold: isCold))
        let pixels = segment.outputPixelRate * segment.duration * Double(places.count) / Double(max(1, segment.renditions))
        let orchestrator = router.records[slot].entry.id
        decision.attempts.append(
            RouteDecision.Attempt(
                orchestrator: orchestrator, role: role, sent: now, hedgeAt: clocks.hedgeAt, cost: pixels * router.records[slot].price,
                pixelsAsked: pixels))
        actions.append(.send(id, to: orchestrator, places: places, role: role))
        actions.append(.wake(at: clocks.lateAt(isAccepted: false)))
    }

    private func clocks(for slot: Int, _ role: AttemptRole, _ router: SegmentRouter, _ now: Moment) -> AttemptClocks {
        let level = router.serviceLevel(of: segment.stream) ?? router.settings.serviceLevel
        let question = RouteQuestion(segment, level, at: now)
        let prediction = router.prediction(slot, question)
        let coldStart = router.isWarm(slot, for: segment.stream, at: now) ? 0 : router.coldStart.seconds
        let upload = router.records[slot].outlook(decision.workClass)?.upload
        return AttemptClocks(
            own: (prediction.median + coldStart, prediction.late + coldStart),
            upload: upload.map { $0 * WorkStatistics.span(of: segment.duration) },
            promised: decision.target * router.settings.hedgeTargetShare, left: decision.deadline.seconds(since: now),
            standby: router.standbyFinish(of: question), isCanary: role == .canary,
            medianFactor: router.settings.hedgeMedianFactor, at: now)
    }

    // MARK: Late

    mutating func markLate(_ index: Int, _ router: inout SegmentRouter, _ now: Moment) {
        guard !attempts[index].isLate else { return }
        attempts[index].isLate = true
        router.late(attempts[index].slot, at: now)
    }

    /// One late segment is chance, and is waited for as long as the deadline allows: an attempt elsewhere costs its price and a change
    /// of encoder. Where such stragglers are mostly in time, it is waited for up to the deadline; chance it is only where others have come
    /// home from there since it was sent. Where the upload is stuck, or others are late at the same orchestrator, there is nothing to wait
    /// for.
    private func needsHedge(_ attempt: Attempt, _ router: SegmentRouter, _ now: Moment) -> Bool {
        guard attempt.isLate else { return false }
        let isStuck = attempt.accepted == nil && now >= attempt.clocks.stuckAt
        guard !isStuck, !router.records[attempt.slot].standsStill else { return true }
        let record = router.records[attempt.slot]
        let isAlone = record.lastSuccess.map { $0 <= attempt.sent } ?? true
        let isLikelyTooLate = isAlone || record.stragglers.chanceOfMiss >= router.settings.hedgeChance
        return now >= (isLikelyTooLate ? attempt.clocks.hedgeAt : decision.deadline)
    }

    mutating func hedgeIfLate(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        var next: Moment?
        func wake(at moment: Moment) { next = min(next ?? moment, moment) }
        for index in attempts.indices where attempts[index].isLive {
            let due = attempts[index].clocks.lateAt(isAccepted: attempts[index].accepted != nil)
            if now >= due { markLate(index, &router, now) } else { wake(at: due) }
        }
        let live = attempts.filter { $0.isLive && $0.role != .canary }
        let waiting = live.filter { !needsHedge($0, router, now) }
        if waiting.isEmpty, !live.isEmpty {
            if hedge(&router, now, &actions) { return }
            wake(at: now.advanced(bySeconds: max(Self.shortestLook, segment.duration / 8)))
        }
        for attempt in waiting where attempt.isLate {
            let look = now.advanced(bySeconds: Self.lookEvery)
            let soonest = [attempt.clocks.stuckAt, attempt.clocks.hedgeAt, decision.deadline].filter { $0 > now }.min()
            wake(at: soonest.map { min($0, look) } ?? look)
        }
        if let next { actions.append(.wake(at: next)) }
    }

    /// Seconds from one look at an attempt that is late to the next: what others meet at the same orchestrator is seen so soon.
    private static let lookEvery = 0.1
    private static let shortestLook = 0.05

    private mutating func hedge(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) -> Bool {
        guard attempts.count(where: { $0.role != .canary }) < router.settings.attempts else { return false }
        let level = router.serviceLevel(of: segment.stream) ?? router.settings.serviceLevel
        guard level.hedgeBudget > 0, !router.sharedCause.holds(at: now),
            let slot = router.another(for: segment, besides: triedSlots, at: now), router.budget.takeForHedge()
        else {
            router.counts.withheld()
            return false
        }
        send(to: slot, .hedge, &router, now, &actions)
        return true
    }

    private var triedSlots: [Int] { attempts.compactMap { $0.role == .canary ? nil : $0.slot } }

    // MARK: Failed

    /// The last attempt under way failed: somebody else at once; when all were tried, the same again after a pause.
    mutating func afterFailure(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        let worked = decision.attempts.count { attempt in
            guard attempt.role != .canary else { return false }
            if case .failed(let failure) = attempt.result { return failure.costsWork }
            return true
        }
        // What was refused at the door cost nobody anything, and so costs no token.
        let isPaid = !(lastFailure?.costsWork ?? true) || router.budget.takeForRetry(burst: router.burst)
        guard worked < router.settings.attempts, isPaid else {
            return end(lastFailure ?? SegmentFailure(.timedOut, "no attempt is left"), &router, &actions)
        }
        // One whose session was refused is asked once more, with a new session.
        let renewed = attempts.last.flatMap { last -> Int? in
            guard case .sessionRefused? = lastFailure?.reason, attempts.count(where: { $0.slot == last.slot }) < 2 else { return nil }
            return last.slot
        }
        if let slot = renewed ?? router.another(for: segment, besides: triedSlots, at: now) {
            send(to: slot, .retry, &router, now, &actions)
        } else {
            pause(&router, now, &actions)
        }
    }

    /// All were tried. Those that could not even be reached may be back after a while, those that are full have room.
    private mutating func pause(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        let pause = router.settings.pause * Double(1 << min(pauses, Self.longestPauses))
        pauses += 1
        let latest = now.advanced(bySeconds: pause)
        let chance = router.nextChance(for: segment, at: now).map { max($0, now.advanced(bySeconds: router.settings.pause / 2)) }
        let again = min(latest, chance ?? latest)
        retryAt = again
        actions.append(.wake(at: again))
    }

    /// Pauses double so many times.
    private static let longestPauses = 2

    mutating func sendAgain(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        retryAt = nil
        let slot =
            router.another(for: segment, besides: triedSlots, at: now) ?? router.another(for: segment, besides: [], at: now)
        guard let slot else { return pause(&router, now, &actions) }
        send(to: slot, attempts.isEmpty ? .primary : .retry, &router, now, &actions)
    }
}

extension SegmentFailure {
    /// Whether the orchestrator may have worked on it; what was refused at the door cost nothing.
    fileprivate var costsWork: Bool {
        switch reason {
        case .unreachable, .busy, .sessionRefused, .cancelled: false
        default: true
        }
    }
}
