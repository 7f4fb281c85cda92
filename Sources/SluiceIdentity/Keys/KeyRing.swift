import Synchronization

/// The keys as they stand now, read again from their source now and then, and when a token names one that is not among them.
///
/// `run` is its life: it alone reads the source. A source that is down, or says nothing of use, leaves the keys as they were.
package final class KeyRing: Sendable {
    package struct Settings: Hashable, Sendable {
        /// Keys are read again after this, whoever asks for them.
        package var refresh: Duration = .seconds(600)
        /// A token with an unknown key has them read again, but not sooner than this after the last time: anybody can make such tokens.
        package var pause: Duration = .seconds(10)

        package init() {}
    }

    /// Tokens that wait for keys; one more is told no at once.
    private static let mostWaiting = 1000

    private struct State {
        var keys = KeySet.none
        var generation = 0
        var tried: ContinuousClock.Instant?
        var isReading = false
        var isOver = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var problem: String?
    }

    private let settings: Settings
    private let read: @Sendable () async throws -> KeySet
    private let report: @Sendable (Report) -> Void
    private let state: Mutex<State>
    private let wishes: AsyncStream<Void>
    private let wish: AsyncStream<Void>.Continuation

    /// What an operator should hear, once for each news.
    package enum Report: Hashable, Sendable {
        case took(count: Int, leftOut: [String])
        case failed(String)
    }

    /// - Parameters:
    ///   - first: the keys until the source was read.
    ///   - read: the source; bounded in time and size by itself.
    package init(
        _ settings: Settings, first: KeySet = .none, report: @escaping @Sendable (Report) -> Void,
        read: @escaping @Sendable () async throws -> KeySet
    ) {
        state = Mutex(State(keys: first))
        self.settings = settings
        self.read = read
        self.report = report
        (wishes, wish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// With a number that changes with them.
    package var keys: (set: KeySet, generation: Int) { state.withLock { ($0.keys, $0.generation) } }

    /// Whether `renewed` might bring a key that is not there now.
    package var mayRenew: Bool { state.withLock { mayRenew($0, at: .now) } }

    /// Reads the source until it is cancelled, or `finish`; the first time at once.
    package func run() async {
        wish.yield()
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in
                while !Task.isCancelled {
                    do { try await Task.sleep(for: settings.refresh) } catch { return }
                    wish.yield()
                }
            }
            for await _ in wishes { await load() }
            group.cancelAll()
        }
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    /// It is not read again; the keys that are there hold on.
    package func finish() { wish.finish() }

    /// Returns once the source was read again, or at once where it was a moment ago.
    package func renewed() async {
        await withCheckedContinuation { continuation in
            // What is being read now is waited for, and not read once more: strangers could have that go on without a pause.
            let (waits, wishes) = state.withLock { state in
                guard mayRenew(state, at: .now), state.waiting.count < Self.mostWaiting else { return (false, false) }
                state.waiting.append(continuation)
                return (true, !state.isReading)
            }
            if wishes { wish.yield() }
            if !waits { continuation.resume() }
        }
    }

    private func mayRenew(_ state: borrowing State, at now: ContinuousClock.Instant) -> Bool {
        guard !state.isOver else { return false }
        guard !state.isReading, let tried = state.tried else { return true }
        return tried.duration(to: now) >= settings.pause
    }

    private func load() async {
        state.withLock { state in
            state.isReading = true
            state.tried = .now
        }
        let result: Result<KeySet, any Error>
        do { result = .success(try await read()) } catch { result = .failure(error) }
        let (waiting, news) = state.withLock { state -> ([CheckedContinuation<Void, Never>], Report?) in
            state.isReading = false
            defer { state.waiting = [] }
            switch result {
            case .success(let keys):
                let isNews = state.problem != nil || state.generation == 0 || keys.count != state.keys.count
                state.keys = keys
                state.generation += 1
                state.problem = nil
                return (state.waiting, isNews ? .took(count: keys.count, leftOut: keys.leftOut) : nil)
            case .failure(let error):
                let problem = "\(error)"
                defer { state.problem = problem }
                return (state.waiting, state.problem == problem ? nil : .failed(problem))
            }
        }
        if let news { report(news) }
        for one in waiting { one.resume() }
    }
}
