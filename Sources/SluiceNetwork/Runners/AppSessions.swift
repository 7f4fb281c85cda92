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
        var cuts: [Int: ProxyCut] = [:]
    }

    private struct State {
        var entries: [SessionID: Entry] = [:]
        var places = 0
    }

    let lease: Duration
    private let state = Mutex(State())

    init(lease: Duration) { self.lease = lease }

    var count: Int { state.withLock { $0.entries.count } }
    var isFull: Bool { count >= Self.mostSessions }

    func add(_ session: AppSession, isOwn: Bool) {
        state.withLock { $0.entries[session.id] = Entry(session: session, isOwn: isOwn, lastUse: .now) }
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
        state.withLock { state in
            guard var entry = state.entries[id], entry.cuts.removeValue(forKey: place) != nil else { return nil }
            entry.open -= 1
            entry.lastUse = .now
            guard !entry.isOwn, entry.open == 0 else {
                state.entries[id] = entry
                return nil
            }
            state.entries[id] = nil
            return entry.session
        }
    }

    /// Ends it here, and what it has open.
    ///
    /// - Returns: `nil` when it is not there.
    @discardableResult func remove(_ id: SessionID, why: String) -> AppSession? {
        guard let entry = state.withLock({ $0.entries.removeValue(forKey: id) }) else { return nil }
        for cut in entry.cuts.values { cut("the session is over: \(why)") }
        return entry.session
    }

    func abandoned(at now: ContinuousClock.Instant) -> [SessionID] {
        state.withLock { state in state.entries.filter { $0.value.open == 0 && $0.value.lastUse.duration(to: now) >= lease }.map(\.key) }
    }
}
