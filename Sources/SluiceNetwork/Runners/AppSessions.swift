import SluiceTypes
import Synchronization

/// A place at a remote runner that this gateway holds for one of its clients.
struct AppSession: Sendable {
    let id: SessionID
    let app: String
    let runner: RemoteRunner
    /// At the orchestrator: where the app is, and the session itself.
    let appPath: String
    let controlPath: String
    /// What its orchestrator wants to stop it.
    let key: String
}

/// The sessions of a gateway's clients, each with a lease: an orchestrator frees what we let go, and we let go what nobody uses.
final class AppSessions: Sendable {
    static let mostSessions = 10_000

    private struct Entry {
        let session: AppSession
        /// Its client asked for it, and will stop it; else it ends with the one request that it is for.
        let isOwn: Bool
        var open = 0
        var lastUse: ContinuousClock.Instant
        let began = ContinuousClock.now
        var owed = OwedSeconds()
        var cuts: [Int: ProxyCut] = [:]
    }

    private struct State {
        var entries: [SessionID: Entry] = [:]
        var places = 0
    }

    let lease: Duration
    private let state = Mutex(State())
    private let used: @Sendable (AppUse) -> Void

    /// - Parameter used: told what each session came to, now and then and at its end; it must not wait.
    init(lease: Duration, used: @escaping @Sendable (AppUse) -> Void = { _ in }) {
        self.lease = lease
        self.used = used
    }

    var count: Int { state.withLock { $0.entries.count } }
    var isFull: Bool { count >= Self.mostSessions }

    func add(_ session: AppSession, isOwn: Bool) {
        state.withLock { $0.entries[session.id] = Entry(session: session, isOwn: isOwn, lastUse: .now) }
        used(AppUse(runner: session.runner, seconds: 0, jobs: 1))
    }

    /// Tells what sessions came to since they were told last, so that no crash costs more than the time between two calls.
    func tellUse(at now: ContinuousClock.Instant = .now) {
        let uses = state.withLock { state in
            state.entries.keys.compactMap { id -> AppUse? in
                guard var entry = state.entries[id] else { return nil }
                defer { state.entries[id] = entry }
                return Self.use(&entry, at: now)
            }
        }
        for use in uses { used(use) }
    }

    private static func use(_ entry: inout Entry, at now: ContinuousClock.Instant) -> AppUse? {
        let seconds = entry.owed.due(after: entry.began.duration(to: now).inSeconds)
        return seconds > 0 ? AppUse(runner: entry.session.runner, seconds: seconds, jobs: 0) : nil
    }

    func find(_ id: SessionID) -> AppSession? { state.withLock { $0.entries[id]?.session } }

    func renew(_ id: SessionID) -> Bool {
        state.withLock { state in
            guard state.entries[id] != nil else { return false }
            state.entries[id]?.lastUse = .now
            return true
        }
    }

    func newPlace() -> Int {
        state.withLock { state in
            state.places += 1
            return state.places
        }
    }

    func begin(_ id: SessionID, _ place: Int, _ cut: @escaping ProxyCut) {
        let isThere = state.withLock { state in
            guard state.entries[id] != nil else { return false }
            state.entries[id]?.open += 1
            state.entries[id]?.lastUse = .now
            state.entries[id]?.cuts[place] = cut
            return true
        }
        if !isThere { cut("the session is over") }
    }

    /// - Returns: the session, when it was for this request alone, and is over.
    func end(_ id: SessionID, _ place: Int) -> AppSession? {
        let (session, use) = state.withLock { state -> (AppSession?, AppUse?) in
            guard var entry = state.entries[id], entry.cuts.removeValue(forKey: place) != nil else { return (nil, nil) }
            entry.open -= 1
            entry.lastUse = .now
            guard !entry.isOwn, entry.open == 0 else {
                state.entries[id] = entry
                return (nil, nil)
            }
            state.entries[id] = nil
            return (entry.session, Self.use(&entry, at: .now))
        }
        if let use { used(use) }
        return session
    }

    /// Ends it here, and what it has open.
    ///
    /// - Returns: `nil` when it is not there.
    @discardableResult func remove(_ id: SessionID, why: String) -> AppSession? {
        guard var entry = state.withLock({ $0.entries.removeValue(forKey: id) }) else { return nil }
        if let use = Self.use(&entry, at: .now) { used(use) }
        for cut in entry.cuts.values { cut("the session is over: \(why)") }
        return entry.session
    }

    func abandoned(at now: ContinuousClock.Instant) -> [SessionID] {
        state.withLock { state in state.entries.filter { $0.value.open == 0 && $0.value.lastUse.duration(to: now) >= lease }.map(\.key) }
    }
}
