import NIOCore

/// Runs tasks on an event loop, for those that do next to nothing between one piece of a body and the next: a piece is then dealt with
/// where it was read, without waking a thread. Nothing in such a task may block or compute.
final class EventLoopTaskExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
