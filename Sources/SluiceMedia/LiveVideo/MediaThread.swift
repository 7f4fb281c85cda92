/// One thread for an actor that calls FFmpeg: what it does blocks neither the cooperative pool nor an event loop.
///
/// Runs at a lower priority (nice +5) than the event loops, as those of `MediaExecutor`. It ends with its last owner.
package final class MediaThread: SerialExecutor, Sendable {
    private struct Work {
        let job: UnownedJob
        /// So that the executor is there as long as a job runs on it.
        let thread: MediaThread
    }

    private struct State {
        // Bounded by the actor's callers, each of which waits for its call.
        var queue: [Work] = []
        var isClosed = false
    }

    private let state = ThreadSignal(State())

    /// - Parameter name: at most 15 characters are seen.
    package init(named name: String) throws(MediaError) {
        let state = state
        let started = startMediaThread(named: name) {
            while let work = state.wait({ state -> Work?? in
                if !state.queue.isEmpty { return .some(state.queue.removeFirst()) }
                return state.isClosed ? .some(nil) : nil
            }) {
                work.job.runSynchronously(on: work.thread.asUnownedSerialExecutor())
            }
        }
        guard started else { throw MediaError("the system gives no thread for \(name)") }
    }

    deinit { state.change { $0.isClosed = true } }

    package func enqueue(_ job: consuming ExecutorJob) {
        let work = Work(job: UnownedJob(job), thread: self)
        state.change { $0.queue.append(work) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}
