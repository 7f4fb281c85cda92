internal import CFFmpeg

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A value that threads of ours share and wait on: a mutex and a condition in one. Never used on event loops or in tasks.
///
/// `@unchecked Sendable`: `value` is read and written only between lock and unlock, and the two pthread objects live at a
/// fixed address from `init` to `deinit`.
final class ThreadSignal<Value>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value

    init(_ value: sending Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Changes the value and wakes everybody who waits.
    func change<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return body(&value)
    }

    /// Blocks the thread until `body` returns something; it is asked again after every change.
    func wait<Result>(_ body: (inout Value) -> Result?) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        while true {
            if let result = body(&value) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }
}

/// A thread of ours. It runs `body` once, below the event loops in priority, and ends; nobody has to join it.
package func startMediaThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // musl-sized default stacks are too small for encoders; 2 MiB is what x264 itself asks for at most.
    pthread_attr_setstacksize(&attributes, 2 << 20)
    let start = Unmanaged.passRetained(Start(name, body))
    var thread = pthread_t()
    let result = pthread_create(
        &thread, &attributes,
        { opaque in
            guard let opaque else { return nil }
            let start = Unmanaged<Start>.fromOpaque(opaque).takeRetainedValue()
            sluice_thread_settle(start.name, 5)
            start.body()
            return nil
        }, start.toOpaque())
    if result != 0 { start.release() }
    return result == 0
}
