import NIOCore
package import SluiceRouting
package import SluiceTypes
import Synchronization

/// The routing brain of the gateway with its clock and its directory: one for all streams, which so learn from each other.
package final class RouteStage: Sendable {
    private struct State: Sendable {
        var router: SegmentRouter
        /// The newest segment of each live stream.
        var facts: [StreamID: SegmentFacts] = [:]
        var listed: ContinuousClock.Instant?
    }

    /// How old the list of orchestrators may be; comparing thousands for every segment would cost more than choosing.
    private static let listSpan: Duration = .milliseconds(200)

    private let directory: any OrchestratorDirectory
    private let needed: @Sendable (SegmentJob) -> CapabilitySet
    private let promised: @Sendable (StreamID) -> ServiceLevel?
    private let origin = ContinuousClock.now
    private let state: Mutex<State>

    /// - Parameter promised: the service level of a stream that begins; `nil` for the node's.
    package init(
        directory: any OrchestratorDirectory, settings: RoutingSettings, seed: UInt64 = .random(in: 0...UInt64.max),
        promised: @escaping @Sendable (StreamID) -> ServiceLevel? = { _ in nil },
        needed: @escaping @Sendable (SegmentJob) -> CapabilitySet
    ) {
        self.directory = directory
        self.needed = needed
        self.promised = promised
        self.state = Mutex(State(router: SegmentRouter(settings: settings, seed: seed)))
    }

    struct Beginning: Sendable {
        var course: SegmentCourse
        var actions: [DispatchAction]
        var facts: SegmentFacts
        /// Said once, with a stream's first segment: what is promised for it cannot be kept by anybody.
        var objection: ServiceLevelCheck?
    }

    /// Chooses for a segment and starts its course.
    func begin(_ job: SegmentJob) -> Beginning {
        begin(SegmentFacts(job, capabilities: needed(job), cut: moment(job.segment.timeline.cut)))
    }

    func begin(_ facts: SegmentFacts) -> Beginning {
        let now = ContinuousClock.now
        let (isFirst, isFresh) = state.withLock { state in
            let isFresh = state.listed.map { $0.duration(to: now) < Self.listSpan } ?? false
            if !isFresh { state.listed = now }
            return (state.facts.updateValue(facts, forKey: facts.stream) == nil, isFresh)
        }
        let level = isFirst ? promised(facts.stream) : nil
        let entries = isFresh ? nil : directory.entries
        return state.withLock { state in
            if let entries { state.router.update(entries, at: moment(now)) }
            var objection: ServiceLevelCheck?
            if isFirst {
                let level = level ?? state.router.settings.serviceLevel
                state.router.open(facts.stream, level)
                objection = state.router.check(level, for: facts)
            }
            var actions: [DispatchAction] = []
            let course = SegmentCourse(facts, router: &state.router, at: moment(now), actions: &actions)
            return Beginning(
                course: course, actions: actions, facts: facts, objection: objection.flatMap { $0.isMet ? nil : $0 })
        }
    }

    /// Who is going to get the stream's next segment, if that one takes segments while they are being cut.
    func expected(for stream: StreamID) -> OrchestratorID? {
        state.withLock { $0.router.expected(for: stream, at: moment(.now)) }
    }

    /// Whether a segment that begins may go to somebody before it is cut.
    func mayGoEarly(_ stream: StreamID) -> Bool { state.withLock { $0.router.mayGoEarly(stream, at: moment(.now)) } }

    /// Who else gets a segment that is being cut, as whoever has it failed or stands still; `nil` where nobody should.
    func takeover(
        of stream: StreamID, _ sequence: SegmentSequence, from orchestrator: OrchestratorID, isLost: Bool
    ) -> OrchestratorID? {
        state.withLock { state in
            // As large as the one before it, as far as one can tell.
            guard var facts = state.facts[stream] else { return nil }
            facts.sequence = sequence
            facts.cut = moment(.now)
            return state.router.takeover(of: facts, from: orchestrator, isLost: isLost, at: moment(.now))
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

    /// What ran at an orchestrator for a stream, and had begun well, has broken.
    func broke(_ orchestrator: OrchestratorID, of stream: StreamID, _ failure: SegmentFailure, since begun: ContinuousClock.Instant) {
        state.withLock { $0.router.broke(orchestrator, of: stream, failure, sent: moment(begun), at: moment(.now)) }
    }

    package func close(_ stream: StreamID) {
        state.withLock { state in
            state.router.close(stream)
            state.facts[stream] = nil
        }
    }

    func moment(_ instant: ContinuousClock.Instant) -> Moment { Moment(seconds: origin.duration(to: instant).inSeconds) }

    func instant(_ moment: Moment) -> ContinuousClock.Instant { origin.advanced(by: .nanoseconds(moment.nanoseconds)) }

    /// What the directory last said of an orchestrator; `nil` for one it never named.
    package func entry(of orchestrator: OrchestratorID) -> OrchestratorEntry? { state.withLock { $0.router.entry(of: orchestrator) } }

    /// Whether it may get work at all: the operator has not taken it out.
    func isOffered(_ orchestrator: OrchestratorID) -> Bool { directory.entries.contains { $0.id == orchestrator } }

    /// Whether somebody has the capability for BYOC streams, be it full or not.
    func offers(_ capability: String, where isWanted: (OrchestratorID) -> Bool) -> Bool {
        directory.entries.contains { $0.streamApps.contains(capability) && isWanted($0.id) }
    }

    // MARK: The market's word

    /// Among orchestrators that are equal in time, one of weight 2 is drawn twice as often as one of weight 1.
    package func weigh(_ weights: [OrchestratorID: Double]) { state.withLock { $0.router.update(weights: weights) } }

    /// The stream goes to this orchestrator no more. - Returns: `false` where that was so before.
    package func bar(_ orchestrator: OrchestratorID, of stream: StreamID) -> Bool {
        state.withLock { $0.router.bar(orchestrator, of: stream) }
    }

    // MARK: For operators

    /// Promises anew what is promised now, to the node and to every stream that has begun; their next segments obey.
    package func renewServiceLevels(node: ServiceLevel) {
        let streams = state.withLock { Array($0.facts.keys) }
        let levels = streams.map { ($0, promised($0) ?? node) }
        state.withLock { state in
            state.router.settings.serviceLevel = node
            for (stream, level) in levels { _ = state.router.setServiceLevel(level, of: stream) }
        }
    }

    /// As `renewServiceLevels`, for one stream.
    package func renewServiceLevel(of stream: StreamID) {
        let level = promised(stream)
        state.withLock { _ = $0.router.setServiceLevel(level ?? $0.router.settings.serviceLevel, of: stream) }
    }

    /// Segments that are cut from now on obey; the node's service level stays as it was promised last.
    package func reconfigure(_ settings: RoutingSettings) {
        state.withLock { state in
            let level = state.router.settings.serviceLevel
            state.router.settings = settings
            state.router.settings.serviceLevel = level
        }
    }

    /// Whether the level can be kept, for segments like the stream's newest; without a stream, for those of every live one, of which
    /// the first that it cannot be kept for counts.
    package func check(_ level: ServiceLevel, of stream: StreamID? = nil) -> ServiceLevelCheck {
        let entries = directory.entries
        let now = moment(.now)
        return state.withLock { state in
            state.router.update(entries, at: now)
            let facts = stream.map { state.facts[$0].map { [$0] } ?? [] } ?? Array(state.facts.values.prefix(Self.mostChecked))
            let checks = facts.map { state.router.check(level, for: $0) }
            return checks.first { !$0.isMet } ?? checks.first ?? state.router.check(level, for: nil)
        }
    }

    /// Streams that a level of the whole node is checked for: they are alike.
    private static let mostChecked = 16

    /// The node's own for a stream that is not live.
    package func serviceLevel(of stream: StreamID) -> ServiceLevel {
        state.withLock { $0.router.serviceLevel(of: stream) ?? $0.router.settings.serviceLevel }
    }

    /// The last decisions of a stream, oldest first; empty for one that is not known.
    package func decisions(of stream: StreamID) -> [RouteDecision] { state.withLock { $0.router.decisions(of: stream) } }

    package static var keptDecisions: Int { RouteCounts.keptDecisions }

    package var nodeServiceLevel: ServiceLevel { state.withLock { $0.router.settings.serviceLevel } }

    /// How many of each GPU class are left out now; `nil` where the class is not known. Classes that have any, or had.
    package var ejected: [GPUClass?: Int] {
        let now = moment(.now)
        return state.withLock { $0.router.ejected(at: now) }
    }

    /// How each orchestrator stands; a cheap part of `picture`.
    package var health: [OrchestratorID: Health.State] {
        let now = moment(.now)
        return state.withLock { $0.router.health(at: now) }
    }

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
