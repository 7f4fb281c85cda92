import Synchronization

/// One call that several tasks wait for. Who is cancelled stops waiting; the call goes on for the others, and is cancelled when
/// nobody holds it any more.
final class SharedCall<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, any Error>?
        var waiting: [Int: CheckedContinuation<Value, any Error>] = [:]
        var tickets = 0
    }

    private let state: StateBox
    private let task: Task<Void, Never>

    /// Apart from the call itself, so that the task does not hold what would cancel it.
    private final class StateBox: Sendable {
        let state = Mutex(State())
    }

    init(_ body: @escaping @Sendable () async throws -> Value) {
        let box = StateBox()
        state = box
        task = Task {
            let result: Result<Value, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            let waiting = box.state.withLock { state in
                state.result = result
                defer { state.waiting = [:] }
                return state.waiting
            }
            for continuation in waiting.values { continuation.resume(with: result) }
        }
    }

    deinit { task.cancel() }

    func value() async throws -> Value {
        let box = state
        let ticket = box.state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let ready = box.state.withLock { state -> Result<Value, any Error>? in
                    if let result = state.result { return result }
                    // Told of its cancellation before there was a place to be told at.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiting[ticket] = continuation
                    return nil
                }
                if let ready { continuation.resume(with: ready) }
            }
        } onCancel: {
            box.state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(throwing: CancellationError())
        }
    }
}
