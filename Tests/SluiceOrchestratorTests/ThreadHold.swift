import Dispatch
import SluiceMedia

/// Keeps the executor's only thread busy until released, so that a test decides when queued work begins.
final class ThreadHold: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    init(_ executor: MediaExecutor) {
        executor.submit { [semaphore] in semaphore.wait() }
    }

    func release() { semaphore.signal() }
}
