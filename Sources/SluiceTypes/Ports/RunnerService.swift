/// The registry of an orchestrator's runners and their sessions, as the network reaches it. Implementation: `RunnerBook`.
package protocol RunnerService: Sendable {
    /// - Parameters:
    ///   - told: what happens, in order. Called with no lock that a call from there would need, but it must not call back.
    ///   - isBusy: whether somebody writes or reads one of these channels; asked of sessions whose lease runs out.
    func watch(_ told: @escaping @Sendable (RunnerEvent) -> Void, isBusy: @escaping @Sendable (_ channels: [String]) -> Bool)

    /// Puts a batch in place, all of it or, when it throws, nothing.
    func register(_ batch: [StaticRunner]) throws(RunnerRefusal) -> [RunnerStanding]
    func register(_ capability: CapabilityRunner) throws(RunnerRefusal)
    /// - Returns: whether there was one of that name.
    func unregister(capability name: String) -> Bool
    /// - Parameter isNew: the heartbeat came with the orchestrator's secret: whoever had that identifier is replaced.
    func heartbeat(_ beat: RunnerHeartbeat, isNew: Bool) throws(RunnerRefusal) -> RunnerStanding
    func unregister(_ route: String) throws(RunnerRefusal)

    /// By identifier or by the text in its URLs; one that is hidden, or gone for a short while, too.
    func standing(of route: String) -> RunnerStanding?
    var standings: [RunnerStanding] { get }
    /// What discovery shows, in the order of registration.
    var offers: [RunnerOffer] { get }

    /// One health check's result.
    func checked(_ runner: RunnerID, isWell: Bool)
    /// It has ended, or is about to: nobody is sent there, and its sessions are over.
    func lost(_ runner: RunnerID)
    /// A request of a client did not get through to it.
    func missed(_ runner: RunnerID)
    func reached(_ runner: RunnerID)

    /// - Parameters:
    ///   - mode: what the client's URL asks for.
    ///   - isGuarded: only the session's key stops it.
    func reserve(_ route: String, mode: RunnerMode, isGuarded: Bool) throws(RunnerRefusal) -> RunnerSession
    /// One of those that serve an app with single requests; the emptiest.
    func reserve(app: String) throws(RunnerRefusal) -> RunnerSession
    /// As `reserve(app:)`, to be kept until it is stopped.
    func keep(app: String, as id: SessionID) throws(RunnerRefusal) -> RunnerSession
    func session(_ id: SessionID, of route: String) -> RunnerSession?
    func session(proxy: String) -> (session: RunnerSession, url: String)?
    func release(_ id: SessionID, _ reason: RunnerRelease)

    /// A request of the session is under way: its lease waits. `end` must follow.
    func begin(_ id: SessionID)
    func end(_ id: SessionID)
    /// Somebody holds the session open. When the last of them lets go, it is released.
    func hold(_ id: SessionID) -> Bool
    func letGo(_ id: SessionID)
    /// - Returns: `false` for one that is gone.
    func renew(_ id: SessionID) -> Bool
    /// What an unused session lives.
    var lease: Duration { get }
    /// Looks for what is over, until the task is cancelled.
    func run() async

    func addChannels(_ channels: [RunnerChannel], to id: SessionID) throws(RunnerRefusal) -> [RunnerChannel]
    /// All of them or none. - Returns: `false` when one is not there.
    func removeChannels(_ names: [String], from id: SessionID) -> Bool
    /// - Parameter url: where it leads; the runner's own when `nil`.
    func addProxy(to id: SessionID, url: String?) throws(RunnerRefusal) -> String
}

/// Where a runner stands.
package struct RunnerStanding: Hashable, Sendable {
    package enum Origin: String, Hashable, Sendable {
        case fixed = "static"
        case dynamic, capability
    }

    package var id: RunnerID
    package var route: String
    package var facts: RunnerFacts
    package var origin: Origin
    /// Counts registrations: secrets are made of it.
    package var birth: Int
    /// Offered to clients.
    package var isVisible: Bool
    /// It ran out of heartbeats; kept for a while to be told so.
    package var isExpired: Bool
    package var health: RunnerHealthCheck?
    /// Of one that registered itself: oldest first.
    package var sessions: [SessionID]

    package init(
        id: RunnerID, route: String, facts: RunnerFacts, origin: Origin, birth: Int, isVisible: Bool, isExpired: Bool,
        health: RunnerHealthCheck?, sessions: [SessionID]
    ) {
        self.id = id
        self.route = route
        self.facts = facts
        self.origin = origin
        self.birth = birth
        self.isVisible = isVisible
        self.isExpired = isExpired
        self.health = health
        self.sessions = sessions
    }
}
