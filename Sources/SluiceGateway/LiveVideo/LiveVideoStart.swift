import SluiceRouting
import SluiceTypes
import Synchronization

/// A session's start, as routing sees it: a segment that is home with the first picture.
final class LiveVideoStart: Sendable {
    /// How long one session's start may take until routing gives up on it; and what its length is in routing's terms.
    private static let nominalDuration = 2.0
    /// What the network counts a session as where nobody knows its size (specs/live-ai-protocol §11).
    private static let nominalPixelRate = 1280.0 * 720 * 30

    private struct State: Sendable {
        var course: SegmentCourse
        var actions: [DispatchAction]
        var attempt = AttemptID(0)
    }

    private let state: Mutex<State>
    private let route: RouteStage

    init(_ stream: LiveVideoStream, _ sequence: SegmentSequence, route: RouteStage) {
        self.route = route
        var capabilities = CapabilitySet()
        capabilities.insert(stream.request.order.job == nil ? .liveVideoToVideo : .byoc)
        let beginning = route.begin(
            SegmentFacts(
                stream: stream.output, sequence: sequence, duration: Self.nominalDuration, byteCount: 0,
                outputPixelRate: Self.nominalPixelRate, renditions: 1, capabilities: capabilities, model: stream.request.order.model,
                cut: route.moment(.now)))
        state = Mutex(State(course: beginning.course, actions: beginning.actions))
    }

    /// It is home, or nobody is left.
    var isOver: Bool { state.withLock { $0.course.isOver } }

    /// Whom routing names next. It is not asked twice at once: a second worker on the same pictures would be a second picture.
    ///
    /// - Parameter isWanted: whether it may be this one; others are asked for then.
    func next(_ isWanted: (OrchestratorID) -> Bool) -> OrchestratorID? {
        state.withLock { state in
            var found: OrchestratorID?
            var index = 0
            // What is declined may bring others.
            while index < state.actions.count {
                let action = state.actions[index]
                index += 1
                guard case .send(let attempt, let orchestrator, _, let role) = action else { continue }
                if found == nil, role != .canary, isWanted(orchestrator) {
                    found = orchestrator
                    state.attempt = attempt
                } else {
                    state.actions += route.step(&state.course, at: .now) {
                        $0.decline(attempt, router: &$1, at: $2, actions: &$3)
                    }
                }
            }
            state.actions = []
            return found
        }
    }

    func tell(_ event: AttemptEvent) {
        state.withLock { state in state.actions += step(&state.course, event, state.attempt) }
    }

    func cancel() {
        state.withLock { state in _ = route.step(&state.course, at: .now) { $0.cancel(router: &$1, at: $2, actions: &$3) } }
    }

    private func step(_ course: inout SegmentCourse, _ event: AttemptEvent, _ attempt: AttemptID) -> [DispatchAction] {
        route.step(&course, at: .now) { $0.happened(event, attempt: attempt, router: &$1, at: $2, actions: &$3) }
    }
}
