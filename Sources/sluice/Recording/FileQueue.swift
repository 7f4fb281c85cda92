import SluiceMedia
import Synchronization

/// Values on their way into a file: taken at once, from any thread, and written on a thread of their own, so that a slow disk holds
/// nobody up. What does not fit any more is counted and left out.
final class FileQueue<Value: Sendable>: Sendable {
    private let values: AsyncStream<Value>
    private let put: AsyncStream<Value>.Continuation
    private let left = Atomic<Int>(0)

    /// - Parameter capacity: values that may wait.
    init(capacity: Int) {
        (values, put) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(capacity))
    }

    /// Values that were left out.
    var dropped: Int { left.load(ordering: .relaxed) }

    func offer(_ value: Value) {
        if case .dropped = put.yield(value) { left.add(1, ordering: .relaxed) }
    }

    /// Nothing is taken any more; what waits is still written.
    func finish() { put.finish() }

    /// Lends the values to one writer, on a thread that may block. Returns after `finish`, when the last was written.
    func drain(_ write: @Sendable (AsyncStream<Value>) async -> Void) async {
        let executor = MediaExecutor(width: 1)
        let values = values
        await withTaskExecutorPreference(executor) { await write(values) }
        executor.shutdown()
    }
}
