package import Logging
import NIOCore
package import SluiceRouting
package import SluiceTypes
import Synchronization

/// Sends a segment out, watches its clock, and sends it elsewhere when it fails; renditions are handed on as each completes.
package final class DispatchStage: Sendable {
    struct Result: Sendable {
        /// Why the last attempt failed; `nil` when every rendition came.
        var failure: SegmentFailure?
        var timeline: SegmentTimeline
    }

    private let transport: any SegmentTransport
    private let route: RouteStage
    private let settings: SegmentDispatch.Settings
    private let metrics: GatewayMetrics
    private let logger: Logger

    package init(
        transport: any SegmentTransport, route: RouteStage, settings: SegmentDispatch.Settings, metrics: GatewayMetrics,
        logger: Logger
    ) {
        self.transport = transport
        self.route = route
        self.settings = settings
        self.metrics = metrics
        self.logger = logger
    }

    func end(_ stream: StreamID) async {
        await transport.end(stream)
    }

    /// Returns when all renditions have come or nothing more will be tried; never throws, a lost segment is a value.
    ///
    /// - Parameter rendition: called once per rendition that completes, with its place in the job's profiles.
    func renditions(
        of job: SegmentJob,
        rendition: @escaping @Sendable (Int, SegmentOutcome.Rendition) -> Void
    ) async -> Result {
        let segment = job.segment
        var attempt = Attempt(job: job)
        let ranking = route.rank(job, at: .now)
        attempt.timeline.routed = .now
        // Slower media may take longer: the deadline is never shorter than the segment itself twice over.
        var settings = settings
        settings.deadline = max(settings.deadline, segment.duration * 2)
        var machine = SegmentDispatch(candidates: ranking.candidates, cut: segment.timeline.cut, settings: settings)
        var action = machine.start(at: .now)
        while true {
            switch action {
            case .giveUp(let failure):
                metrics.segmentsLost.increment()
                logger.warning(
                    "segment lost",
                    metadata: [
                        "stream": "\(segment.stream)", "segment": "\(segment.sequence)", "reason": "\(failure)",
                        "left out": "\(ranking.leftOut.map { "\($0.key): \($0.value)" })",
                    ])
                return Result(failure: failure, timeline: attempt.timeline)
            case .submit(let orchestrator, let pause, let until):
                if pause > .zero {
                    do { try await Task.sleep(for: pause) } catch {
                        return Result(failure: SegmentFailure(.cancelled, "the stream was cancelled"), timeline: attempt.timeline)
                    }
                }
                guard let failure = await send(&attempt, to: orchestrator, until: until, rendition) else {
                    return Result(failure: nil, timeline: attempt.timeline)
                }
                metrics.attemptsFailed.increment()
                logger.info(
                    "attempt failed",
                    metadata: [
                        "stream": "\(segment.stream)", "segment": "\(segment.sequence)", "orchestrator": "\(orchestrator)",
                        "reason": "\(failure)",
                    ])
                action = machine.failed(failure, at: .now)
            }
        }
    }

    /// What several attempts at one segment share.
    private struct Attempt {
        let job: SegmentJob
        /// Places in `profiles` that have not come yet.
        var missing: [Int]
        var timeline: SegmentTimeline

        init(job: SegmentJob) {
            self.job = job
            self.missing = Array(job.profiles.indices)
            self.timeline = job.segment.timeline
            self.timeline.renditions = job.profiles.map { _ in nil }
        }
    }

    private func send(
        _ attempt: inout Attempt, to orchestrator: OrchestratorID, until: ContinuousClock.Instant,
        _ rendition: @escaping @Sendable (Int, SegmentOutcome.Rendition) -> Void
    ) async -> SegmentFailure? {
        // What an earlier attempt brought is not asked for again.
        let places = attempt.missing
        let whole = attempt.job
        let job = SegmentJob(segment: whole.segment, profiles: places.map { whole.profiles[$0] }, slice: whole.slice)
        let began = ContinuousClock.now
        route.began(orchestrator)
        let exchange = Exchange(job: job, places: places, orchestrator: orchestrator, rendition: rendition)
        let failure = await exchange.run(over: transport, until: until)
        let seen = exchange.seen
        attempt.timeline.accepted = seen.accepted ?? attempt.timeline.accepted
        for (place, instant) in seen.completed { attempt.timeline.renditions[place] = instant }
        attempt.missing.removeAll { seen.completed[$0] != nil }
        if let failure {
            route.failed(orchestrator, failure, at: .now)
        } else {
            route.finished(orchestrator, roundTrip: began.duration(to: .now), media: whole.segment.duration)
        }
        return failure
    }
}
