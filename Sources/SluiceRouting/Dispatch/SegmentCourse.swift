import SluiceTypes

/// The course of one segment from its cut to its last rendition: who has it, who is late, who comes next.
///
/// Pure. The caller carries the actions out and reports every event of every attempt; the router is lent for each call. A value
/// lives until `isOver`: after `.end` a canary may still be under way.
package struct SegmentCourse: Sendable {
    struct Attempt {
        let slot: Int
        let role: AttemptRole
        let sent: Moment
        let places: [Int]
        let clocks: AttemptClocks
        /// The first in its session.
        let isCold: Bool
        var accepted: Moment?
        var transcoded: Moment?
        var firstByte: Moment?
        var isLive = true
        var isLate = false
    }

    let segment: SegmentFacts
    package internal(set) var decision: RouteDecision
    var attempts: [Attempt] = []
    var missing: [Int]
    /// `.end` was given.
    package private(set) var hasEnded = false
    /// When the same orchestrators are asked again, after all of them failed.
    var retryAt: Moment?
    var pauses = 0
    var lastFailure: SegmentFailure?

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

    /// The caller does not want this one: somebody else is asked, who was not before, and nobody is blamed.
    package mutating func decline(_ id: AttemptID, router: inout SegmentRouter, at time: Moment, actions: inout [DispatchAction]) {
        let now = router.clamp(time)
        guard attempts.indices.contains(id.rawValue), attempts[id.rawValue].isLive else { return }
        stop(id.rawValue, &router, now, &actions)
        guard !hasEnded, !attempts.contains(where: { $0.isLive && $0.role != .canary }) else { return }
        let tried = attempts.compactMap { $0.role == .canary ? nil : $0.slot }
        guard let slot = router.another(for: segment, besides: tried, at: now) else {
            return end(lastFailure ?? SegmentFailure(.unreachable, "nobody else can take this segment"), &router, &actions)
        }
        send(to: slot, .retry, &router, now, &actions)
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
        router.served(segment, by: attempts[winner].slot, wasChosen: isChoice(winner), at: now)
        end(nil, &router, &actions)
    }

    /// What a hedge or retry brings home does not say where the stream is served from now on; nor does the way around a queue.
    private func isChoice(_ index: Int) -> Bool { attempts[index].role == .primary && decision.reason != .queued }

    mutating func end(_ failure: SegmentFailure?, _ router: inout SegmentRouter, _ actions: inout [DispatchAction]) {
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
        close(index, &router, now)
        var times = phases(of: attempt)
        let isWhole = attempt.places.count == segment.renditions
        if isWhole {
            times.body = attempt.firstByte.map { now.seconds(since: $0) }
            times.total = now.seconds(since: attempt.sent)
        }
        decision.attempts[index].times = times
        if decision.attempts[index].result == .running { decision.attempts[index].result = .finished }
        remember(attempt, isInTime: now <= decision.deadline, &router, now)
        router.succeeded(
            attempt.slot, of: segment.stream, decision.workClass, times, duration: segment.duration, isCold: attempt.isCold, at: now)
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
        close(index, &router, now)
        decision.attempts[index].times = phases(of: attempt)
        decision.attempts[index].result = .failed(failure)
        router.failed(attempt.slot, of: segment.stream, failure, sent: attempt.sent, at: now)
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

    private func remember(_ attempt: Attempt, isInTime: Bool?, _ router: inout SegmentRouter, _ now: Moment) {
        guard attempt.role == .primary, now >= attempt.clocks.hedgeAt, !router.sharedCause.held(since: attempt.sent) else { return }
        router.records[attempt.slot].stragglers.remember(isInTime: isInTime, at: now)
    }

    private mutating func stop(_ index: Int, _ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        let attempt = attempts[index]
        close(index, &router, now)
        decision.attempts[index].times = phases(of: attempt)
        decision.attempts[index].result = .aborted
        if attempt.isLate {
            remember(attempt, isInTime: now < decision.deadline ? nil : false, &router, now)
            router.overtaken(attempt.slot, decision.workClass, sent: attempt.sent, duration: segment.duration, at: now)
        }
        actions.append(.abort(AttemptID(index)))
    }

    mutating func stopAll(_ router: inout SegmentRouter, _ now: Moment, _ actions: inout [DispatchAction]) {
        for index in attempts.indices where attempts[index].isLive {
            // Whoever holds a segment at its very end has been late, whatever was expected of it.
            if now >= decision.giveUp, !attempts[index].isLate { markLate(index, &router, now) }
            stop(index, &router, now, &actions)
        }
        if hasEnded { closeRecord(&router) }
    }

    private mutating func close(_ index: Int, _ router: inout SegmentRouter, _ now: Moment) {
        attempts[index].isLive = false
        decision.attempts[index].ended = now
        router.ended(attempts[index].slot, of: segment.stream, wasLate: attempts[index].isLate, at: now)
    }

    private func phases(of attempt: Attempt) -> PhaseTimes {
        PhaseTimes(
            upload: attempt.accepted.map { $0.seconds(since: attempt.sent) },
            work: attempt.accepted.flatMap { from in attempt.transcoded.map { $0.seconds(since: from) } },
            firstByte: attempt.transcoded.flatMap { from in attempt.firstByte.map { $0.seconds(since: from) } })
    }
}
