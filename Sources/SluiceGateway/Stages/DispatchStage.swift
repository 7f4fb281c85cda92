package import Logging
import NIOCore
package import SluiceRouting
package import SluiceTypes
import Synchronization

/// Carries a segment out to its orchestrators and its renditions back: does what its course says, tells the course what happened.
package final class DispatchStage: Sendable {
    struct Result: Sendable {
        /// Why nothing more was tried; `nil` when every rendition came.
        var failure: SegmentFailure?
        var timeline: SegmentTimeline
    }

    private enum Input: Sendable {
        case event(AttemptID, AttemptEvent, at: ContinuousClock.Instant)
        case rendition(AttemptID, place: Int, SegmentOutcome.Rendition, at: ContinuousClock.Instant)
        case wake
    }

    private let transport: EarlyUploads
    private let route: RouteStage
    private let metrics: GatewayMetrics
    private let decided: @Sendable (RouteDecision, SegmentFacts) -> Void
    private let logger: Logger
    private let sampling: QualitySampling?

    /// - Parameters:
    ///   - sampling: shown each rendition that comes whole.
    ///   - decided: called with each decision once everything has come of it, canaries too; it must not wait.
    package init(
        transport: any SegmentTransport, route: RouteStage, metrics: GatewayMetrics, sampling: QualitySampling? = nil,
        decided: @escaping @Sendable (RouteDecision, SegmentFacts) -> Void = { _, _ in }, logger: Logger
    ) {
        self.decided = decided
        self.sampling = sampling
        self.transport = EarlyUploads(
            transport: transport, metrics: metrics, takesStreamed: { route.entry(of: $0)?.takesStreamedSegments ?? false })
        self.route = route
        self.metrics = metrics
        self.logger = logger
    }

    func onMiss(of stream: StreamID) -> ServiceLevel.OnMiss { route.serviceLevel(of: stream).onMiss }

    /// Whether somebody who takes segments while they are being cut may get the stream's next one.
    func takesEarly(_ stream: StreamID) -> Bool { route.mayGoEarly(stream) }

    /// Sends a segment on from its first byte, unless it is cut already or nobody takes it so any more: then it goes out whole, once its
    /// turn comes. Where the orchestrator fails or stands still before the cut, another gets the segment from its first byte on as well.
    /// Returns when the exchanges have ended.
    ///
    /// - Parameter reached: for each rendition, how far it has come to viewers: from there on the other is to go on.
    func sendEarly(
        _ job: StreamedJob, reached: @escaping @Sendable () -> [Int64?], _ heard: @escaping EarlyUpload.Listener
    ) async {
        guard job.feed.next(at: .max) == nil, let orchestrator = route.expected(for: job.stream) else { return }
        transport.announce(job, reached: reached)
        let first = begin(job, at: orchestrator, attempt: 0, heard)
        await withDiscardingTaskGroup { group in
            group.addTask { await self.transport.run(first) }
            guard let trouble = await first.trouble() else { return }
            let isLost = trouble == .failed
            metrics.earlyTroubled.increment()
            let other = route.takeover(of: job.stream, job.sequence, from: orchestrator, isLost: isLost)
            logger.info(
                isLost ? "early upload failed" : "early upload stands still",
                metadata: [
                    "stream": "\(job.stream)", "segment": "\(job.sequence)", "orchestrator": "\(orchestrator)",
                    "taken over by": "\(other.map { "\($0)" } ?? "nobody")",
                ])
            guard let other else { return }
            let second = begin(job.beginningAnew(after: reached()), at: other, attempt: 1, heard)
            group.addTask { await self.transport.run(second) }
            if !isLost { await first.failIfStill() }
        }
    }

    private func begin(
        _ job: StreamedJob, at orchestrator: OrchestratorID, attempt: Int, _ heard: @escaping EarlyUpload.Listener
    ) -> EarlyUpload {
        let roundTrip = route.entry(of: orchestrator)?.roundTrip ?? 0
        return transport.begin(job, at: orchestrator, attempt: attempt, roundTrip: roundTrip, heard)
    }

    /// Gives up what was sent early and will not be carried: one segment, or all of a stream.
    func forget(_ stream: StreamID, _ sequence: SegmentSequence? = nil) { transport.forget(stream, sequence) }

    func end(_ stream: StreamID) async {
        route.close(stream)
        await transport.end(stream)
    }

    /// Returns when the last exchange of this segment has ended, which with a canary may be after its end; never throws, a lost
    /// segment is a value. Cancelling it stops every exchange.
    ///
    /// - Parameters:
    ///   - rendition: called once for each rendition, the first complete one, with its place in `profiles`.
    ///   - ended: called once, when all renditions have come or nothing more will be tried.
    /// - Returns: what was decided, and all that came of it.
    @discardableResult
    func carry(
        _ job: SegmentJob, rendition: @Sendable (Int, SegmentOutcome.Rendition) -> Void, ended: @Sendable (Result) -> Void
    ) async -> RouteDecision {
        let segment = job.segment
        let profiles = job.profiles
        // Bounded by the events of at most a handful of attempts.
        let (inputs, input) = AsyncStream.makeStream(of: Input.self)
        var timeline = segment.timeline
        timeline.renditions = profiles.map { _ in nil }
        let beginning = route.begin(job)
        var course = beginning.course
        var actions = beginning.actions
        if let objection = beginning.objection {
            logger.warning("service level", metadata: ["stream": "\(segment.stream)", "reason": "\(objection)"])
        }
        timeline.routed = .now
        var aborts: [AttemptID: Gate] = [:]
        var made: [AttemptID: (pixels: Int64, bytes: Int)] = [:]
        var asked: [AttemptID: [Int]] = [:]
        await withDiscardingTaskGroup { group in
            func perform(_ actions: [DispatchAction]) {
                for action in actions {
                    switch action {
                    case .send(let attempt, let orchestrator, let places, let role):
                        if role != .primary { logger.debug("extra attempt", metadata: note(segment, orchestrator, "\(role.rawValue)")) }
                        let abort = Gate()
                        aborts[attempt] = abort
                        asked[attempt] = places
                        let exchange = Exchange(
                            job: SegmentJob(segment: segment, profiles: places.map { profiles[$0] }, slice: job.slice), places: places,
                            orchestrator: orchestrator,
                            event: { input.yield(.event(attempt, $0, at: .now)) },
                            rendition: { input.yield(.rendition(attempt, place: $0, $1, at: .now)) })
                        group.addTask { [transport] in await exchange.run(over: transport, until: abort) }
                    case .abort(let attempt): aborts[attempt]?.open()
                    case .wake(let moment):
                        let instant = route.instant(moment)
                        group.addTask {
                            do { try await Task.sleep(until: instant, tolerance: .milliseconds(1), clock: .continuous) } catch { return }
                            input.yield(.wake)
                        }
                    case .end(let failure):
                        if let failure { report(failure, segment, course.decision) }
                        ended(Result(failure: failure, timeline: timeline))
                    }
                }
            }
            perform(actions)
            while !course.isOver, let next = await inputs.first() {
                switch next {
                case .wake:
                    actions = route.step(&course, at: .now) { $0.wake(router: &$1, at: $2, actions: &$3) }
                case .event(let attempt, let event, let instant):
                    if event == .accepted { timeline.accepted = timeline.accepted ?? instant }
                    if case .failed(let failure) = event { note(failure, of: attempt, segment, course.decision) }
                    actions = route.step(&course, at: instant) {
                        $0.happened(event, attempt: attempt, router: &$1, at: $2, actions: &$3)
                    }
                case .rendition(let attempt, let place, let found, let instant):
                    let before = made[attempt] ?? (0, 0)
                    made[attempt] = (before.pixels &+ max(0, found.facts.pixels), before.bytes + found.bytes.readableBytes)
                    sampling?.came(found, place, of: job)
                    if timeline.renditions[place] == nil, course.isCounted(attempt) {
                        timeline.renditions[place] = instant
                        rendition(place, found)
                    }
                    actions = route.step(&course, at: instant) {
                        $0.happened(.rendition(place: place), attempt: attempt, router: &$1, at: $2, actions: &$3)
                    }
                }
                perform(actions)
            }
            if !course.isOver {
                perform(route.step(&course, at: .now) { $0.cancel(router: &$1, at: $2, actions: &$3) })
            }
            group.cancelAll()
        }
        var decision = course.decision
        for (attempt, came) in made where decision.attempts.indices.contains(attempt.rawValue) {
            decision.attempts[attempt.rawValue].pixels = came.pixels
            decision.attempts[attempt.rawValue].bytes = came.bytes
        }
        for (attempt, places) in asked where decision.attempts.indices.contains(attempt.rawValue) {
            decision.attempts[attempt.rawValue].bitsAsked = Self.bits(places.map { profiles[$0] }, segment.duration)
        }
        metrics.settled(decision, job, entry: route.entry)
        decided(decision, beginning.facts)
        return decision
    }

    /// - Returns: 0 where a quality is asked for instead of a bitrate: what that comes to depends on the pictures.
    private static func bits(_ profiles: [TranscodeProfile], _ duration: Duration) -> Double {
        guard profiles.allSatisfy({ $0.quality == 0 && $0.bitrate > 0 }) else { return 0 }
        return profiles.reduce(0) { $0 + Double($1.bitrate) } * duration.inSeconds
    }

    private func report(_ failure: SegmentFailure, _ segment: Segment, _ decision: RouteDecision) {
        metrics.segmentsLost.increment()
        let leftOut = decision.leftOut.map { "\($0.orchestrator): \($0.reason)" }
        logger.warning(
            "segment lost",
            metadata: [
                "stream": "\(segment.stream)", "segment": "\(segment.sequence)", "reason": "\(failure)",
                "tried": "\(decision.attempts.map { "\($0.orchestrator) (\($0.role.rawValue))" })", "left out": "\(leftOut)",
            ])
    }

    private func note(_ failure: SegmentFailure, of attempt: AttemptID, _ segment: Segment, _ decision: RouteDecision) {
        metrics.attemptFailed(failure)
        guard decision.attempts.indices.contains(attempt.rawValue) else { return }
        logger.info("attempt failed", metadata: note(segment, decision.attempts[attempt.rawValue].orchestrator, "\(failure)"))
    }

    private func note(_ segment: Segment, _ orchestrator: OrchestratorID, _ reason: String) -> Logger.Metadata {
        [
            "stream": "\(segment.stream)", "segment": "\(segment.sequence)", "orchestrator": "\(orchestrator)", "reason": "\(reason)",
        ]
    }
}

extension AsyncStream {
    /// The next element; `nil` at the end, or when the task is cancelled.
    fileprivate func first() async -> Element? where Element: Sendable {
        var iterator = makeAsyncIterator()
        return await iterator.next()
    }
}
