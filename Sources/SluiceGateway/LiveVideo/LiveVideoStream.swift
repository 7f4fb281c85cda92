import SluiceTypes
import Synchronization

/// The work of a model on one stream, through all its sessions: what it is fed with, what is told it, how it does.
final class LiveVideoStream: Sendable {
    /// Told to the worker in a control message of its own.
    struct Message: Sendable {
        var text: String
        /// Called once: `nil` when the worker's orchestrator has it.
        var done: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        var parameters: String?
        var messages: AsyncStream<Message>.Continuation?
        /// Who waits for a message to be delivered, by its number.
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
        var asked = 0
        var isStopped = false
        var status: LiveVideoStatus
    }

    /// Messages that wait for one that is on its way.
    private static let mostWaiting = 16

    let source: StreamID
    /// The stream that is made of it.
    let output: StreamID
    let request: LiveVideoRequest
    let feeds = LiveVideoFeeds()
    private let state: Mutex<State>

    init(source: StreamID, output: StreamID, request: LiveVideoRequest) {
        self.source = source
        self.output = output
        self.request = request
        state = Mutex(State(status: LiveVideoStatus(source: source, output: output, request: request)))
    }

    var status: LiveVideoStatus { state.withLock { $0.status } }

    func note(_ change: (inout LiveVideoStatus) -> Void) {
        state.withLock { state in
            change(&state.status)
            state.status.revision += 1
        }
    }

    /// Pictures are counted quietly: nobody is told of each.
    func count(_ frames: Int) { state.withLock { $0.status.frames = frames } }

    /// Nobody wants it any more; the source goes on.
    func stop() {
        state.withLock { $0.isStopped = true }
        feeds.end()
    }

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// The request as it stands after updates: what a new session starts with.
    var current: LiveVideoRequest {
        let parameters = state.withLock { $0.parameters }
        var current = request
        if let parameters { current.order.parameters = parameters }
        return current
    }

    /// Changes the parameters; the worker has them when this returns, and every later one begins with them.
    ///
    /// - Parameter parameters: a JSON object.
    func update(_ parameters: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let (messages, number) = state.withLock { state in
                state.parameters = parameters
                if state.messages != nil {
                    state.asked += 1
                    state.waiting[state.asked] = continuation
                }
                return (state.messages, state.asked)
            }
            // Nobody is at work: the next one starts with them.
            guard let messages else { return continuation.resume() }
            let message = Message(text: parameters) { self.settle(number, $0) }
            guard case .enqueued = messages.yield(message) else { return settle(number, Self.undelivered) }
        }
    }

    private static let undelivered = SegmentFailure(
        .busy, "\(mostWaiting) updates wait already, or the worker has just gone")

    private func settle(_ number: Int, _ error: (any Error)?) {
        guard let one = state.withLock({ $0.waiting.removeValue(forKey: number) }) else { return }
        if let error { one.resume(throwing: error) } else { one.resume() }
    }

    /// The messages for one session, until `endMessages`.
    func messages() -> AsyncStream<Message> {
        let (stream, continuation) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .bufferingOldest(Self.mostWaiting))
        state.withLock { $0.messages = continuation }
        return stream
    }

    /// Who still waits for a message is told that it was not delivered.
    func endMessages() {
        let (messages, waiting) = state.withLock { state in
            defer { (state.messages, state.waiting) = (nil, [:]) }
            return (state.messages, state.waiting)
        }
        messages?.finish()
        for one in waiting.values { one.resume(throwing: Self.undelivered) }
    }
}
