/// Threads for FFmpeg calls that block, so that they run neither on the cooperative pool nor on an event loop.
///
/// They run at a lower priority (nice +5) than the event loops: encoding uses what relaying leaves over.
package final class MediaExecutor: TaskExecutor, Sendable {
    private enum Work {
        case job(UnownedJob, UnownedTaskExecutor)
        case body(@Sendable () -> Void)
    }

    private struct State {
        // Bounded by its callers: streams and sessions have limits, and each waits for its work.
        var queue: [Work] = []
        var isClosed = false
        var running: Int
    }

    private let state: ThreadSignal<State>

    /// - Parameter width: number of threads, at least 1.
    package init(width: Int) {
        let width = max(1, width)
        state = ThreadSignal(State(running: 0))
        for index in 0..<width {
            state.change { $0.running += 1 }
            let started = startMediaThread(named: "media-\(index)") { [state] in Self.work(state) }
            if !started { state.change { $0.running -= 1 } }
        }
        precondition(state.change { $0.running } > 0, "the system gives no thread for media work")
    }

    deinit { state.change { $0.isClosed = true } }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        state.change { $0.queue.append(.job(job, executor)) }
    }

    /// Queues a body that reports its end by itself. After `shutdown` it still runs if a thread is left to run it.
    package func submit(_ body: @escaping @Sendable () -> Void) {
        state.change { $0.queue.append(.body(body)) }
    }

    /// Runs the body on one of the threads. Cancelling the task does not stop a body that has begun.
    ///
    /// - Throws: what the body throws; `CancellationError` after `shutdown`.
    package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let accepted = state.change { state in
                if state.isClosed { return false }
                state.queue.append(.body { continuation.resume(with: Result { try body() }) })
                return true
            }
            if !accepted { continuation.resume(throwing: CancellationError()) }
        }
    }

    /// Takes no more from `run`; what is queued still runs, then the threads end. Does not wait for them.
    package func shutdown() { state.change { $0.isClosed = true } }

    private static func work(_ state: ThreadSignal<State>) {
        while true {
            let next: Work?? = state.wait { state in
                if !state.queue.isEmpty { return .some(.some(state.queue.removeFirst())) }
                return state.isClosed ? .some(.none) : nil
            }
            switch next {
            case .some(.some(.job(let job, let executor))): job.runSynchronously(on: executor)
            case .some(.some(.body(let body))): body()
            default: return
            }
        }
    }
}
