package import Logging
package import SluiceTypes
import Synchronization

/// The registry behind a lock, with a clock, names for what is new, and ears for what happens.
package final class RunnerBook: RunnerService {
    /// How often silent runners and unused sessions are looked for: the bound on how late that is noticed.
    private static let sweepInterval: Duration = .seconds(1)

    private struct Ears: Sendable {
        var told: @Sendable (RunnerEvent) -> Void = { _ in }
        var isBusy: @Sendable ([String]) -> Bool = { _ in false }
    }

    private struct State {
        var registry: RunnerRegistry
        /// Happened, and not told yet.
        var untold: [RunnerEvent] = []
    }

    private let state: Mutex<State>
    private let ears = Mutex([Ears]())
    /// Events are told one after another, in their order.
    private let telling = Mutex(())
    private let newName: @Sendable (Int) -> String
    private let now: @Sendable () -> ContinuousClock.Instant
    private let metrics: RunnerMetrics
    private let logger: Logger
    package let lease: Duration

    /// - Parameter newName: text of that many characters that nobody can guess, good in URLs.
    package init(
        settings: RunnerRegistry.Settings = .init(), newName: @escaping @Sendable (Int) -> String,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, registry: MetricRegistry, logger: Logger
    ) {
        state = Mutex(State(registry: RunnerRegistry(settings: settings)))
        lease = settings.lease
        self.newName = newName
        self.now = now
        self.metrics = RunnerMetrics(registry: registry)
        self.logger = logger
    }

    /// Until the task is cancelled.
    package func run() async {
        while (try? await Task.sleep(for: Self.sweepInterval)) != nil { sweep() }
    }

    package func sweep() {
        let ears = ears.withLock { $0 }
        change { $0.sweep(at: now()) { channels in ears.contains { $0.isBusy(channels) } } }
        metrics.runners.set(offers.count)
    }

    package func watch(_ told: @escaping @Sendable (RunnerEvent) -> Void, isBusy: @escaping @Sendable (_ channels: [String]) -> Bool) {
        ears.withLock { $0.append(Ears(told: told, isBusy: isBusy)) }
    }

    /// Changes the registry, and tells what that did before it returns.
    private func change<Result: Sendable>(_ body: (inout RunnerRegistry) -> Result) -> Result {
        let (result, hasEvents) = state.withLock { state in
            let result = body(&state.registry)
            let events = state.registry.takeEvents()
            state.untold += events
            return (result, !events.isEmpty)
        }
        if hasEvents { tell() }
        return result
    }

    /// As `change`.
    private func attempt<Result: Sendable>(
        _ body: (inout RunnerRegistry) throws(RunnerRefusal) -> Result
    ) throws(RunnerRefusal) -> Result {
        try change { registry -> Swift.Result<Result, RunnerRefusal> in
            do throws(RunnerRefusal) { return .success(try body(&registry)) } catch { return .failure(error) }
        }.get()
    }

    /// Another thread may have taken the events, and tell them now: its end is waited for.
    private func tell() {
        telling.withLock { _ in
            while true {
                let events = state.withLock { state in
                    defer { state.untold = [] }
                    return state.untold
                }
                if events.isEmpty { return }
                let ears = ears.withLock { $0 }
                for event in events {
                    note(event)
                    for ear in ears { ear.told(event) }
                }
            }
        }
    }

    private func note(_ event: RunnerEvent) {
        switch event {
        case .joined(let runner): logger.info("runner registered", metadata: ["runner": "\(runner)"])
        case .left(let runner): logger.info("runner gone", metadata: ["runner": "\(runner)"])
        case .reserved: metrics.sessions.increment()
        case .released(let session, let runner, let reason, _):
            metrics.released(reason)
            if reason == .finished { break }
            logger.info("session ended", metadata: ["session": "\(session)", "runner": "\(runner)", "reason": "\(reason.rawValue)"])
        case .changed: metrics.open.set(state.withLock { $0.registry.sessionCount })
        }
    }

    // MARK: Runners

    private func runnerID() -> RunnerID { RunnerID("runner_\(newName(12))") }
    /// 130 bits: its URL is all that a client without keys has (specs/byoc §14.1).
    private func sessionID() -> SessionID { SessionID("session_\(newName(26))") }
    private func proxyID() -> String { newName(26) }

    package func register(_ batch: [StaticRunner]) throws(RunnerRefusal) -> [RunnerStanding] {
        try attempt { registry throws(RunnerRefusal) in try registry.register(batch, newID: runnerID) }
    }

    package func register(_ capability: CapabilityRunner) throws(RunnerRefusal) {
        try attempt { registry throws(RunnerRefusal) in try registry.register(capability, newID: runnerID) }
    }

    package func unregister(capability name: String) -> Bool { change { $0.unregister(capability: name) } }

    package func heartbeat(_ beat: RunnerHeartbeat, isNew: Bool) throws(RunnerRefusal) -> RunnerStanding {
        try attempt { registry throws(RunnerRefusal) in try registry.heartbeat(beat, isNew: isNew, at: now(), newID: runnerID) }
    }

    package func unregister(_ route: String) throws(RunnerRefusal) {
        try attempt { registry throws(RunnerRefusal) in try registry.unregister(route) }
    }

    package func standing(of route: String) -> RunnerStanding? { state.withLock { $0.registry.standing(of: route) } }
    package var standings: [RunnerStanding] { state.withLock { $0.registry.standings } }
    package var offers: [RunnerOffer] { state.withLock { $0.registry.offers } }

    package func checked(_ runner: RunnerID, isWell: Bool) { change { $0.checked(runner, isWell: isWell) } }
    package func lost(_ runner: RunnerID) { change { $0.lost(runner) } }
    package func missed(_ runner: RunnerID) { change { $0.missed(runner) } }
    package func reached(_ runner: RunnerID) { change { $0.reached(runner) } }

    // MARK: Sessions

    package func reserve(_ route: String, mode: RunnerMode, isGuarded: Bool) throws(RunnerRefusal) -> RunnerSession {
        try attempt { registry throws(RunnerRefusal) in
            try registry.reserve(
                route, mode: mode, isGuarded: isGuarded, at: now(), newSession: sessionID, newProxy: proxyID)
        }
    }

    package func reserve(app: String) throws(RunnerRefusal) -> RunnerSession {
        try attempt { registry throws(RunnerRefusal) in
            try registry.reserve(app: app, isLeased: false, at: now(), newSession: sessionID)
        }
    }

    package func keep(app: String, as id: SessionID) throws(RunnerRefusal) -> RunnerSession {
        try attempt { registry throws(RunnerRefusal) in try registry.reserve(app: app, isLeased: true, at: now(), newSession: { id }) }
    }

    package func session(_ id: SessionID, of route: String) -> RunnerSession? { state.withLock { $0.registry.session(id, of: route) } }
    package func session(proxy: String) -> (session: RunnerSession, url: String)? {
        state.withLock { $0.registry.session(proxy: proxy) }
    }

    package func release(_ id: SessionID, _ reason: RunnerRelease) { change { $0.release(id, reason) } }
    package func begin(_ id: SessionID) { change { $0.begin(id, at: now()) } }
    package func end(_ id: SessionID) { change { $0.end(id, at: now()) } }
    package func hold(_ id: SessionID) -> Bool { change { $0.hold(id) } }
    package func holders(of id: SessionID) -> Int { state.withLock { $0.registry.sessions[id]?.holders ?? 0 } }
    package func letGo(_ id: SessionID) { change { $0.letGo(id) } }
    package func renew(_ id: SessionID) -> Bool { change { $0.renew(id, at: now()) } }

    package func addChannels(_ channels: [RunnerChannel], to id: SessionID) throws(RunnerRefusal) -> [RunnerChannel] {
        try attempt { registry throws(RunnerRefusal) in try registry.addChannels(channels, to: id) }
    }

    package func removeChannels(_ names: [String], from id: SessionID) -> Bool { change { $0.removeChannels(names, from: id) } }

    package func addProxy(to id: SessionID, url: String?) throws(RunnerRefusal) -> String {
        try attempt { registry throws(RunnerRefusal) in try registry.addProxy(to: id, url: url, newProxy: proxyID) }
    }
}
