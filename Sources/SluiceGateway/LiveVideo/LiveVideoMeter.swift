package import SluiceTypes
import Synchronization

/// What a live stream had of a model since it was told last.
package struct LiveVideoUse: Hashable, Sendable {
    /// The publisher's.
    package var stream: StreamID
    package var orchestrator: OrchestratorID
    package var model: String
    /// Begun ones whole.
    package var seconds: Int64
    /// `model` is a capability, of BYOC.
    package var isJob: Bool

    package init(stream: StreamID, orchestrator: OrchestratorID, model: String, seconds: Int64, isJob: Bool = false) {
        self.isJob = isJob
        self.stream = stream
        self.orchestrator = orchestrator
        self.model = model
        self.seconds = seconds
    }
}

/// The time of one session, from its first picture on: one that shows nothing is owed nothing for. Told every half minute, and at its
/// end, so that no crash costs more than that.
final class LiveVideoMeter: Sendable {
    private static let pause: Duration = .seconds(30)

    private struct State {
        var began: ContinuousClock.Instant?
        var owed = OwedSeconds()
    }

    private let stream: LiveVideoStream
    private let orchestrator: OrchestratorID
    private let used: @Sendable (LiveVideoUse) -> Void
    private let state = Mutex(State())

    init(stream: LiveVideoStream, orchestrator: OrchestratorID, used: @escaping @Sendable (LiveVideoUse) -> Void) {
        self.stream = stream
        self.orchestrator = orchestrator
        self.used = used
    }

    func begin() { state.withLock { $0.began = $0.began ?? .now } }

    func tell() {
        let seconds = state.withLock { state in
            guard let began = state.began else { return Int64(0) }
            return state.owed.due(after: began.duration(to: .now).inSeconds)
        }
        guard seconds > 0 else { return }
        used(
            LiveVideoUse(
                stream: stream.source, orchestrator: orchestrator, model: stream.request.order.model, seconds: seconds,
                isJob: stream.isJob))
    }

    /// Until it is cancelled.
    func run() async throws {
        while true {
            try await Task.sleep(for: Self.pause)
            tell()
        }
    }
}
