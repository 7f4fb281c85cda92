import NIOCore
package import SluiceRouting
package import SluiceTypes
import Synchronization

/// The routing brain of the gateway with its clock and its directory: one for all streams, which so learn from each other.
package final class RouteStage: Sendable {
    private struct State: Sendable {
        var router: SegmentRouter
        var listed: ContinuousClock.Instant?
    }

    /// How old the list of orchestrators may be; comparing thousands for every segment would cost more than choosing.
    private static let listSpan: Duration = .milliseconds(200)

    private let directory: any OrchestratorDirectory
    private let needed: @Sendable (SegmentJob) -> CapabilitySet
    private let origin = ContinuousClock.now
    private let state: Mutex<State>

    package init(
        directory: any OrchestratorDirectory, settings: RoutingSettings, seed: UInt64 = .random(in: 0...UInt64.max),
        needed: @escaping @Sendable (SegmentJob) -> CapabilitySet
    ) {
        self.directory = directory
        self.needed = needed
        self.state = Mutex(State(router: SegmentRouter(settings: settings, seed: seed)))
    }

    /// Chooses for a segment and starts its course.
    func begin(_ job: SegmentJob) -> (course: SegmentCourse, actions: [DispatchAction]) {
        let facts = SegmentFacts(job, capabilities: needed(job), cut: moment(job.segment.timeline.cut))
        let now = ContinuousClock.now
        let entries =
            state.withLock { state in
                let isFresh = state.listed.map { $0.duration(to: now) < Self.listSpan } ?? false
                if !isFresh { state.listed = now }
                return isFresh
            } ? nil : directory.entries
        return state.withLock { state in
            if let entries { state.router.update(entries, at: moment(now)) }
            var actions: [DispatchAction] = []
            let course = SegmentCourse(facts, router: &state.router, at: moment(now), actions: &actions)
            return (course, actions)
        }
    }

    /// Lends the router to a course for one step.
    func step(
        _ course: inout SegmentCourse, at instant: ContinuousClock.Instant,
        _ change: (inout SegmentCourse, inout SegmentRouter, Moment, inout [DispatchAction]) -> Void
    ) -> [DispatchAction] {
        var actions: [DispatchAction] = []
        state.withLock { change(&course, &$0.router, moment(instant), &actions) }
        return actions
    }

    package func close(_ stream: StreamID) { state.withLock { $0.router.close(stream) } }

    func moment(_ instant: ContinuousClock.Instant) -> Moment { Moment(seconds: origin.duration(to: instant).inSeconds) }

    func instant(_ moment: Moment) -> ContinuousClock.Instant { origin.advanced(by: .nanoseconds(moment.nanoseconds)) }

    /// What the directory last said of an orchestrator; `nil` for one it never named.
    func entry(of orchestrator: OrchestratorID) -> OrchestratorEntry? { state.withLock { $0.router.entry(of: orchestrator) } }

    // MARK: For operators

    /// The next segment obeys. - Returns: `false` for a stream that is not live.
    package func setServiceLevel(_ level: ServiceLevel, of stream: StreamID) -> Bool {
        state.withLock { $0.router.setServiceLevel(level, of: stream) }
    }

    /// The node's own for a stream that is not live.
    package func serviceLevel(of stream: StreamID) -> ServiceLevel {
        state.withLock { $0.router.serviceLevel(of: stream) ?? $0.router.settings.serviceLevel }
    }

    /// The last decisions of a stream, oldest first; empty for one that is not known.
    package func decisions(of stream: StreamID) -> [RouteDecision] { state.withLock { $0.router.decisions(of: stream) } }

    package static var keptDecisions: Int { RouteCounts.keptDecisions }

    package var nodeServiceLevel: ServiceLevel { state.withLock { $0.router.settings.serviceLevel } }

    package var counts: RouteCounts { state.withLock { $0.router.counts } }

    /// Every orchestrator as routing sees it now. What the directory lists but no segment has asked for yet is in it too.
    package var picture: [OrchestratorPicture] {
        let entries = directory.entries
        let now = moment(.now)
        return state.withLock { state in
            state.router.update(entries, at: now)
            return state.router.picture(at: now)
        }
    }
}

extension SegmentFacts {
    init(_ job: SegmentJob, capabilities: CapabilitySet, cut: Moment) {
        let segment = job.segment
        let rate = job.profiles.reduce(0.0) { sum, profile in
            let size = profile.outputSize(sourceWidth: segment.video?.width ?? 0, sourceHeight: segment.video?.height ?? 0)
            let frames = (profile.frameRate ?? segment.video?.frameRate)?.value ?? Self.presumedFrameRate
            return sum + Double(size.width) * Double(size.height) * frames
        }
        self.init(
            stream: segment.stream, sequence: segment.sequence, duration: max(segment.duration.inSeconds, 0.001),
            byteCount: segment.bytes.readableBytes, outputPixelRate: rate, codec: segment.video?.codec ?? .h264,
            renditions: job.profiles.count, capabilities: capabilities, cut: cut)
    }

    /// Where neither the profile nor the source says.
    private static let presumedFrameRate = 30.0
}
