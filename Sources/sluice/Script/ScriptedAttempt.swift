import SluiceSimulation
import Synchronization

/// How far one segment is at a scripted orchestrator; the requests that it is made of wait here for their moments.
final class ScriptedAttempt: Sendable {
    private struct Waiting {
        let event: LiveEvent
        let wake: AsyncStream<Never>.Continuation
    }

    private struct State {
        var reached: Set<LiveEvent> = []
        var failure: LiveFailure?
        /// One for each rendition, and one for each stage before.
        var waiting: [Waiting] = []
    }

    private let state = Mutex(State())

    func happened(_ event: LiveEvent) {
        state.withLock { state in
            state.reached.insert(event)
            if case .failed(let failure) = event { state.failure = failure }
            let isOver = state.failure != nil
            for waiting in state.waiting where isOver || waiting.event == event { waiting.wake.finish() }
            state.waiting.removeAll { isOver || $0.event == event }
        }
    }

    func hasReached(_ event: LiveEvent) -> Bool { state.withLock { $0.reached.contains(event) } }

    /// Returns when this has happened.
    ///
    /// - Throws: `LiveFailure` when the attempt failed before; `CancellationError`.
    func reached(_ event: LiveEvent) async throws {
        let (woken, wake) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            if state.failure != nil || state.reached.contains(event) {
                wake.finish()
            } else {
                state.waiting.append(Waiting(event: event, wake: wake))
            }
        }
        for await _ in woken {}
        try Task.checkCancellation()
        try state.withLock { state in
            if let failure = state.failure, !state.reached.contains(event) { throw failure }
        }
    }
}
