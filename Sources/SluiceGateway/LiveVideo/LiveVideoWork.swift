import Logging
import NIOCore
import SluiceRouting
import SluiceTypes
import SluiceWire
import Synchronization

/// One stream's way from orchestrator to orchestrator, until its publisher has gone.
struct LiveVideoWork: Sendable {
    let stage: LiveVideoStage
    let live: LiveStream
    let stream: LiveVideoStream
    let output: LiveVideoOutput

    /// A session's start, as routing sees it: a segment that is home with the first picture.
    private final class Start: Sendable {
        private struct State: Sendable {
            var course: SegmentCourse
            var attempt = AttemptID(0)
        }

        private let state: Mutex<State>
        private let route: RouteStage

        init(_ course: SegmentCourse, route: RouteStage) {
            state = Mutex(State(course: course))
            self.route = route
        }

        var isOver: Bool { state.withLock { $0.course.isOver } }

        func began(_ attempt: AttemptID) { state.withLock { $0.attempt = attempt } }

        @discardableResult func tell(_ event: AttemptEvent, of attempt: AttemptID? = nil) -> [DispatchAction] {
            state.withLock { state in
                let attempt = attempt ?? state.attempt
                return route.step(&state.course, at: .now) {
                    $0.happened(event, attempt: attempt, router: &$1, at: $2, actions: &$3)
                }
            }
        }

        func cancel() {
            state.withLock { state in _ = route.step(&state.course, at: .now) { $0.cancel(router: &$1, at: $2, actions: &$3) } }
        }
    }

    /// How long one session's start may take until routing gives up on it; and what its length is in routing's terms.
    private static let nominalDuration = 2.0
    /// What the network counts a session as where nobody knows its size (specs/live-ai-protocol §11).
    private static let nominalPixelRate = 1280.0 * 720 * 30

    /// The publisher has gone, or nobody wants it any more.
    var isOver: Bool { live.pipeline.isFinished || stream.isStopped }

    func run() async {
        var sequence: Int64 = 0
        while !isOver {
            let wasOnline = await serve(SegmentSequence(sequence))
            sequence += 1
            guard !wasOnline, !isOver else { continue }
            await pause()
        }
    }

    /// Through one choice and those that take its place when it does not start.
    ///
    /// - Returns: whether one of them showed anything.
    private func serve(_ sequence: SegmentSequence) async -> Bool {
        var capabilities = CapabilitySet()
        capabilities.insert(.liveVideoToVideo)
        let facts = SegmentFacts(
            stream: stream.output, sequence: sequence, duration: Self.nominalDuration, byteCount: 0, outputPixelRate: Self.nominalPixelRate,
            renditions: 1, capabilities: capabilities, model: stream.request.order.model, cut: stage.route.moment(.now))
        let beginning = stage.route.begin(facts)
        let start = Start(beginning.course, route: stage.route)
        var actions = beginning.actions
        var showed = false
        while let (attempt, orchestrator) = next(&actions, start) {
            start.began(attempt)
            let begun = ContinuousClock.now
            do {
                try await session(at: orchestrator, start)
                start.cancel()
                return true
            } catch {
                if isOver {
                    start.cancel()
                    return true
                }
                let failure = error as? SegmentFailure ?? SegmentFailure(.transcodeFailed, "\(orchestrator): \(error)")
                stream.note { status in
                    status.fail("\(failure)")
                    status.phase = .searching
                    status.swaps += 1
                }
                stage.logger.warning(
                    "live video",
                    metadata: ["stream": "\(stream.source)", "orchestrator": "\(orchestrator)", "error": "\(failure)"])
                if start.isOver {
                    // It had shown something.
                    showed = true
                    stage.route.broke(orchestrator, of: stream.output, failure, since: begun)
                    return showed
                }
                actions = start.tell(.failed(failure))
            }
        }
        if !start.isOver { start.cancel() }
        return showed
    }

    /// Whom routing names next. It is not asked twice at once: a second worker on the same pictures would be a second picture.
    private func next(_ actions: inout [DispatchAction], _ start: Start) -> (AttemptID, OrchestratorID)? {
        var found: (AttemptID, OrchestratorID)?
        var index = 0
        // What is declined may bring others.
        while index < actions.count {
            let action = actions[index]
            index += 1
            guard case .send(let attempt, let orchestrator, _, let role) = action else { continue }
            if found == nil, role != .canary, isWanted(orchestrator) {
                found = (attempt, orchestrator)
            } else {
                actions += start.tell(.failed(SegmentFailure(.cancelled, "not for live video")), of: attempt)
            }
        }
        if found == nil {
            stream.note { $0.fail("no orchestrator has the model '\(stream.request.order.model)' at the moment") }
        }
        return found
    }

    private func isWanted(_ orchestrator: OrchestratorID) -> Bool {
        stream.request.order.orchestrator.map { orchestrator.rawValue.contains($0) } ?? true
    }

    private func pause() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: stage.settings.pause) }
            group.addTask { [stream] in _ = await stream.feeds.next(after: .max) }
            await group.next()
            group.cancelAll()
        }
    }

    private func session(at orchestrator: OrchestratorID, _ start: Start) async throws {
        stream.note { status in
            status.orchestrator = orchestrator
            status.phase = .starting
        }
        let request = stream.current
        try await stage.transport.session(request, at: orchestrator) { channels in
            start.tell(.accepted)
            start.tell(.transcoded)
            stream.note { $0.manifest = channels.manifest }
            stage.log(stream, "session", ["orchestrator": "\(orchestrator)", "session": "\(channels.manifest)"])
            await output.join()
            let meter = LiveVideoMeter(stream: stream, orchestrator: orchestrator, used: stage.used)
            defer { meter.tell() }
            let session = LiveVideoSession(work: self, channels: channels, isUpToDate: request == stream.current)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await meter.run() }
                defer { group.cancelAll() }
                try await session.run {
                    meter.begin()
                    // Home.
                    for event in [AttemptEvent.firstByte, .rendition(place: 0), .finished] { start.tell(event) }
                }
            }
        }
    }
}
