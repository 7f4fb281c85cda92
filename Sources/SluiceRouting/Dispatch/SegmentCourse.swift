import SluiceTypes

/// The course of one segment from its cut to its last rendition: who has it, who is late, who comes next.
///
/// Pure. The caller carries the actions out and reports every event of every attempt; the router is lent for each call. A value
/// lives until `isOver`: after `.end` a canary may still be under way.
package struct SegmentCourse: Sendable {
    private struct Attempt {
        let slot: Int
        let role: AttemptRole
        let sent: Moment
        let places: [Int]
        var hedgeAt: Moment
        /// Without the early 200 by then the upload is stuck.
        var uploadBy: Moment
        var accepted: Moment?
        var transcoded: Moment?
        var firstByte: Moment?
        var isLive = true
        var isLate = false
    }

    private let segment: SegmentFacts
    package private(set) var decision: RouteDecision
    private var attempts: [Attempt] = []
    private var missing: [Int]
    /// `.end` was given.
    package private(set) var hasEnded = false
    /// When the same orchestrators are asked again, after all of them failed.
    private var retryAt: Moment?
    private var pauses = 0
    private var lastFailure: SegmentFailure?

    /// All attempts have ended and nothing will be asked for any more.
    package var isOver: Bool { hasEnded && !attempts.contains { $0.isLive } }

    /// Chooses, and says what to do first.
    package init(_ segment: SegmentFacts, router: inout SegmentRouter, at time: Moment, actions: inout [DispatchAction]) {
        let now = router.clamp(time)
        self.segment = segment
        self.missing = Array(0..<segment.renditions)
        let (decision, slot) = router.decide(segment, at: now)
        self.decision = decision
        actions.append(.wake(at: decision.giveUp))
        guard let slot else {
            // Somebody may come back before it is too late.
            retryAt = now.advanced(bySeconds: router.settings.pause)
            lastFailure = SegmentFailure(.unreachable, "no orchestrator can take this segment")
            if let retryAt { actions.append(.wake(at: retryAt)) }
            return
        }
        send(to: slot, .primary, &router, now, &actions)
        router.keepStandby(for: segment, primary: slot, at: now)
        if let canary = router.canary(for: segment, primary: slot, at: now) {
            send(to: canary, .canary, &router, now, &actions)
        }
    }

    package mutating func happened(
        _ event: AttemptEvent, attempt id: AttemptID, router: inout SegmentRouter, at time: Moment, actions: inout [DispatchAction]
    ) {
        let now = router.clamp(time)
        guard attempts.indices.contains(id.rawValue), attempts[id.rawValue].isLive else { return }
        let index = id.rawValue
        switch event {
        case .accepted: attempts[index].accepted = attempts[index].accepted ?? now
        case .transcoded: attempts[index].transcoded = attempts[index].transcoded ?? now
        case .firstByte: attempts[index].firstByte = attempts[index].firstByte ?? now
        case .rendition(let place):
            guard isCounted(id) else { return }
            missing.removeAll { $0 == place }
            if missing.isEmpty, !hasEnded { complete(by: index, &router, now, &actions) }
        case .finished: finished(index, &router, now, &actions)
        case .failed(let failure): failed(index, failure, &router, now, &actions)
        }
    }

    /// Whether the renditions of this attempt are taken. Those of a canary are not: who serves the stream does not change for a test.
    package func isCounted(_ attempt: AttemptID) -> Bool {
        attempts.indices.contains(attempt.rawValue) && attempts[attempt.rawValue].role != .canary && !hasEnded
    }

    package mutating func wake(router: inout SegmentRouter, at time: Moment, actions: inout [DispatchAction]) {
        let now = router.clamp(time)
        guard !isOver else { return }
        if now >= decision.giveUp {
            let failure = lastFailure ?? SegmentFailure(.timedOut, "nobody answered within \(now.seconds(since: segment.cut)) s of the cut")
            stopAll(&router, now, &actions)
            if !hasEnded { end(failure, &router, &actions) }
            return
        }
        guard !hasEnded else { return }
        if let retryAt, now >= retryAt {
            sendAgain(&router, now, &actions)
            return
        }
        hedgeIfLate(&router, now, &actions)
    }

    /// The stream has gone: everything under way is stopped.
    package mutating func cancel(router: inout SegmentRouter, at time: Moment, actions: inout [DispatchAction]) {
        let now = router.clamp(time)
        stopAll(&router, now, &actions)
        if !hasEnded { end(SegmentFailure(.cancelled, "the stream was cancelled"), &router, &actions) }
    }

    // MARK: Ends

    private mutating func complete(by winner: Int, _ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        decision.finish = now.seconds(since: segment.cut)
        decision.attempts[winner].result = .won
        for index in attempts.indices where index != winner && attempts[index].isLive && attempts[index].role != .canary {
            stop(index, &router, now, &actions)
        }
        router.setPrimary(attempts[winner].slot, of: segment.stream)
        end(nil, &router, &actions)
    }

    private mutating func end(_ failure: SegmentFailure?, _ router: inout SegmentRouter, _ actions: inout [DispatchAction]) {
        hasEnded = true
        retryAt = nil
        decision.failure = failure
        actions.append(.end(failure))
        closeRecord(&router)
    }

    /// The record is kept when the last attempt has ended, so that it tells the canaries' fate too.
    private mutating func closeRecord(_ router: inout SegmentRouter) {
        if isOver { router.finish(decision) }
    }

    private mutating func finished(_ index: Int, _ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        let attempt = attempts[index]
        close(index, &router)
        var times = phases(of: attempt)
        let isWhole = attempt.places.count == segment.renditions
        if isWhole {
            times.body = attempt.firstByte.map { now.seconds(since: $0) }
            times.total = now.seconds(since: attempt.sent)
        }
        decision.attempts[index].times = times
        if decision.attempts[index].result == .running { decision.attempts[index].result = .finished }
        router.succeeded(attempt.slot, decision.workClass, times, duration: segment.duration, at: now)
        if hasEnded {
            closeRecord(&router)
        } else if attempt.role != .canary, !attempts.contains(where: { $0.isLive }), retryAt == nil {
            // It brought all that it was asked for, but somebody else failed with the rest.
            afterFailure(&router, now, &actions)
        }
    }

    private mutating func failed(
        _ index: Int, _ failure: SegmentFailure, _ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]
    ) {
        let attempt = attempts[index]
        close(index, &router)
        decision.attempts[index].times = phases(of: attempt)
        decision.attempts[index].result = .failed(failure)
        router.failed(attempt.slot, failure, at: now)
        guard !hasEnded else { return closeRecord(&router) }
        guard attempt.role != .canary else { return }
        lastFailure = failure
        guard failure.isWorthRetryingElsewhere else {
            stopAll(&router, now, &actions)
            return end(failure, &router, &actions)
        }
        // A hedge that is under way takes its place.
        if !attempts.contains(where: { $0.isLive && $0.role != .canary }) { afterFailure(&router, now, &actions) }
    }

    private mutating func stop(_ index: Int, _ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        let attempt = attempts[index]
        close(index, &router)
        decision.attempts[index].times = phases(of: attempt)
        decision.attempts[index].result = .aborted
        if attempt.isLate {
            router.overtaken(
                attempt.slot, decision.workClass, after: now.seconds(since: attempt.sent), duration: segment.duration, at: now)
        }
        actions.append(.abort(AttemptID(index)))
    }

    private mutating func stopAll(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        for index in attempts.indices where attempts[index].isLive {
            // Whoever holds a segment at its very end has been late, whatever was expected of it.
            if now >= decision.giveUp, !attempts[index].isLate { markLate(index, &router, now) }
            stop(index, &router, now, &actions)
        }
        if hasEnded { closeRecord(&router) }
    }

    private mutating func close(_ index: Int, _ router: inout SegmentRouter) {
        attempts[index].isLive = false
        router.ended(attempts[index].slot, of: segment.stream, wasLate: attempts[index].isLate)
    }

    private func phases(of attempt: Attempt) -> PhaseTimes {
        PhaseTimes(
            upload: attempt.accepted.map { $0.seconds(since: attempt.sent) },
            work: attempt.accepted.flatMap { from in attempt.transcoded.map { $0.seconds(since: from) } },
            firstByte: attempt.transcoded.flatMap { from in attempt.firstByte.map { $0.seconds(since: from) } })
    }

    // MARK: Sending

    private mutating func send(
        to slot: Int, _ role: AttemptRole, _ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]
    ) {
        let id = AttemptID(attempts.count)
        let places = role == .canary ? Array(0..<segment.renditions) : missing
        let timers = timers(for: slot, role, router, now)
        attempts.append(
            Attempt(slot: slot, role: role, sent: now, places: places, hedgeAt: timers.hedgeAt, uploadBy: timers.uploadBy))
        let record = router.records[slot]
        let pixels = segment.outputPixelRate * segment.duration * Double(places.count) / Double(max(1, segment.renditions))
        decision.attempts.append(
            RouteDecision.Attempt(
                orchestrator: record.entry.id, role: role, sent: now, hedgeAt: timers.hedgeAt, cost: pixels * record.price))
        router.began(slot, of: segment.stream, at: now)
        actions.append(.send(id, to: record.entry.id, places: places, role: role))
        actions.append(.wake(at: min(timers.hedgeAt, timers.uploadBy)))
    }

    /// When to call it late: by its own past; sooner when otherwise nobody could make the deadline any more.
    private func timers(
        for slot: Int, _ role: AttemptRole, _ router: SegmentRouter, _ now: Moment
    ) -> (hedgeAt: Moment, uploadBy: Moment) {
        let level = router.serviceLevel(of: segment.stream) ?? router.settings.serviceLevel
        let prediction = router.prediction(slot, segment, decision.workClass, level)
        // Within its promise nobody is called late: a second attempt would cost a swap and win nothing that was asked for.
        let promised = decision.target * router.settings.hedgeTargetShare
        let expected = max(prediction.late, router.settings.hedgeMedianFactor * prediction.median, promised, Self.shortestPatience)
        let useful = decision.deadline.seconds(since: now) - router.standbyMedian(of: segment) * Self.standbyMargin
        let hedge = role == .canary ? max(expected, useful) : min(expected, max(useful, prediction.median))
        var upload = hedge
        if role != .canary, let statistics = router.records[slot].work(decision.workClass), statistics.upload.sketch.count >= 5 {
            let usual = statistics.upload.sketch.quantiles(0.5, 0.9, 0.99).2 * WorkStatistics.span(of: segment.duration)
            upload = min(hedge, usual * Self.uploadMargin + Self.shortestPatience)
        }
        return (now.advanced(bySeconds: max(hedge, Self.shortestPatience)), now.advanced(bySeconds: max(upload, Self.shortestPatience)))
    }

    /// Below this nobody is called late: it is within the noise of a busy machine.
    private static let shortestPatience = 0.05
    private static let uploadMargin = 2.0
    private static let standbyMargin = 1.3

    private mutating func markLate(_ index: Int, _ router: inout SegmentRouter, _ now: Moment) {
        guard !attempts[index].isLate else { return }
        attempts[index].isLate = true
        router.late(attempts[index].slot, at: now)
    }

    private mutating func hedgeIfLate(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        var next: Moment?
        var allLate = true
        var isAny = false
        for index in attempts.indices where attempts[index].isLive {
            let attempt = attempts[index]
            let due = attempt.accepted == nil ? min(attempt.hedgeAt, attempt.uploadBy) : attempt.hedgeAt
            if now >= due {
                markLate(index, &router, now)
            } else {
                next = min(next ?? due, due)
                if attempt.role != .canary { allLate = false }
            }
            if attempt.role != .canary { isAny = true }
        }
        if isAny, allLate {
            let level = router.serviceLevel(of: segment.stream) ?? router.settings.serviceLevel
            let sendings = attempts.count { $0.role != .canary }
            if sendings < router.settings.attempts, level.hedgeBudget > 0, !router.hasCommonCause(at: now),
                let slot = router.another(for: segment, besides: triedSlots, at: now), router.budget.takeForHedge()
            {
                send(to: slot, .hedge, &router, now, &actions)
                return
            }
            if sendings < router.settings.attempts {
                router.counts.withheld()
                let again = now.advanced(bySeconds: max(0.05, segment.duration / 8))
                next = min(next ?? again, again)
            }
        }
        if let next { actions.append(.wake(at: next)) }
    }

    private var triedSlots: [Int] { attempts.compactMap { $0.role == .canary ? nil : $0.slot } }

    /// The last attempt under way failed: somebody else at once; when all were tried, the same again after a pause.
    private mutating func afterFailure(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
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
        sendElsewhere(&router, now, &actions)
    }

    private mutating func sendElsewhere(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
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

    /// All were tried. Those that could not even be reached may be back after a while.
    private mutating func pause(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        let pause = router.settings.pause * Double(1 << min(pauses, 4))
        pauses += 1
        let again = now.advanced(bySeconds: pause)
        retryAt = again
        actions.append(.wake(at: again))
    }

    private mutating func sendAgain(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
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
