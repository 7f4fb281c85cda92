import SluiceTypes
import Synchronization

/// The work of a model on one stream, through all its sessions: what it is fed with, what is told it, how it does.
final class LiveVideoStream: Sendable {
    /// Told to the worker in a control message of its own.
    struct Message: Sendable {
        var text: String
        /// Called once: when the worker's orchestrator has it, with what the worker said where it was asked.
        var done: @Sendable (Result<WorkerAnswer?, any Error>) -> Void
    }

    private struct State {
        var parameters: String?
        /// By the line of each worker that is fed.
        var messages: [Int: AsyncStream<Message>.Continuation] = [:]
        /// Who waits for a message to be delivered, by its number.
        var waiting: [Int: Waiting] = [:]
        var asked = 0
        var isStopped = false
        var status: LiveVideoStatus
        /// The line that works for viewers.
        var line: Int?
        var isPlaced = false
        var stopAnswer: WorkerAnswer?
    }

    private struct Waiting {
        let continuation: CheckedContinuation<WorkerAnswer?, any Error>
        /// Workers that have not had it yet.
        var lines: Set<Int>
        var isDelivered = false
        /// Of the one that works for viewers, else of any.
        var answer: WorkerAnswer?
    }

    /// Messages that wait for one that is on its way.
    private static let mostWaiting = 16

    let source: StreamID
    /// The stream that is made of it.
    let output: StreamID
    let request: LiveVideoRequest
    let feeds = LiveVideoFeeds()
    /// What the worker says in lines, for those who read it.
    let data = DataLines()
    /// Opens when an orchestrator has it, when all have refused it, and when it is over.
    let settled = Gate()
    /// Opens when its worker was told to stop and has answered, and when nothing of it is left.
    let stopped = Gate()
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

    var isJob: Bool { request.order.job != nil }

    /// An orchestrator has it, or had.
    var isPlaced: Bool { state.withLock { $0.isPlaced } }
    func placed() {
        state.withLock { $0.isPlaced = true }
        settled.open()
    }

    /// Whom viewers and readers of data hear.
    var line: Int? { state.withLock { $0.line } }
    func note(line: Int?) { state.withLock { $0.line = line } }

    /// What the worker said to its stop.
    var stopAnswer: WorkerAnswer? { state.withLock { $0.stopAnswer } }
    func note(stopped answer: WorkerAnswer) {
        state.withLock { $0.stopAnswer = answer }
        stopped.open()
    }

    /// The request as it stands after updates: what a new session starts with.
    var current: LiveVideoRequest {
        let parameters = state.withLock { $0.parameters }
        var current = request
        if let parameters { current.order.parameters = parameters }
        return current
    }

    /// Changes the parameters; the workers have them when this returns, and every later one begins with them.
    ///
    /// - Parameter parameters: a JSON object.
    /// - Returns: what the worker said, where it was asked.
    /// - Throws: when none of the workers that are there got them.
    @discardableResult func update(_ parameters: String) async throws -> WorkerAnswer? {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<WorkerAnswer?, any Error>) in
            let (messages, number) = state.withLock { state in
                state.parameters = parameters
                state.asked += 1
                if !state.messages.isEmpty {
                    state.waiting[state.asked] = Waiting(continuation: continuation, lines: Set(state.messages.keys))
                }
                return (state.messages, state.asked)
            }
            // Nobody is at work: the next one starts with them.
            guard !messages.isEmpty else { return continuation.resume(returning: nil) }
            for (line, messages) in messages {
                let message = Message(text: parameters) { self.settle(number, line, $0) }
                if case .enqueued = messages.yield(message) { continue }
                settle(number, line, .failure(Self.undelivered))
            }
        }
    }

    private static let undelivered = SegmentFailure(
        .busy, "\(mostWaiting) updates wait already, or the worker has just gone")

    private func settle(_ number: Int, _ line: Int, _ result: Result<WorkerAnswer?, any Error>) {
        let done = state.withLock { state -> Waiting? in
            guard var one = state.waiting[number], one.lines.remove(line) != nil else { return nil }
            if case .success(let answer) = result {
                one.isDelivered = true
                if one.answer == nil || state.line == line { one.answer = answer ?? one.answer }
            }
            state.waiting[number] = one.lines.isEmpty ? nil : one
            return one.lines.isEmpty ? one : nil
        }
        guard let done else { return }
        if done.isDelivered { return done.continuation.resume(returning: done.answer) }
        guard case .failure(let error) = result else { return done.continuation.resume(throwing: Self.undelivered) }
        done.continuation.resume(throwing: error)
    }

    /// The messages for one session, until `endMessages`.
    func messages(for line: Int) -> AsyncStream<Message> {
        let (stream, continuation) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .bufferingOldest(Self.mostWaiting))
        state.withLock { $0.messages[line] = continuation }
        return stream
    }

    /// Who still waits for this session to have a message is told that it was not delivered.
    func endMessages(for line: Int) {
        let (messages, numbers) = state.withLock { state in
            (state.messages.removeValue(forKey: line), state.waiting.filter { $0.value.lines.contains(line) }.map(\.key))
        }
        messages?.finish()
        for number in numbers { settle(number, line, .failure(Self.undelivered)) }
    }
}
