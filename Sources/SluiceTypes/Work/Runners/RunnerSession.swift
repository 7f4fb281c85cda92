/// A place at a runner that one client holds.
package struct RunnerSession: Hashable, Sendable {
    package var id: SessionID
    package var runner: RunnerID
    /// What stood in the URL it was reserved under.
    package var route: String
    package var app: String
    package var mode: RunnerMode
    /// Where its requests go; what was true when it was reserved.
    package var url: String
    /// Sent along as `Authorization: Bearer`; empty for none.
    package var bearer: String
    /// The identifier under which its proxy URL is reached; `nil` without one.
    package var proxy: String?
    /// Only who has its key, or its token, may stop it.
    package var isGuarded: Bool

    package init(
        id: SessionID, runner: RunnerID, route: String, app: String, mode: RunnerMode, url: String, bearer: String = "",
        proxy: String? = nil, isGuarded: Bool = false
    ) {
        self.id = id
        self.runner = runner
        self.route = route
        self.app = app
        self.mode = mode
        self.url = url
        self.bearer = bearer
        self.proxy = proxy
        self.isGuarded = isGuarded
    }
}

/// Why a session ended.
package enum RunnerRelease: String, Hashable, Sendable, CaseIterable {
    case stopped
    /// The single request of a single-shot session is over.
    case finished
    /// Nobody used it for the time of its lease.
    case abandoned
    /// Who held it open is gone.
    case holderLost = "holder-lost"
    /// The runner failed its health checks, or was silent for too long.
    case runnerLost = "runner-lost"
    case unregistered
}

/// What has happened at the registry, in this order.
package enum RunnerEvent: Hashable, Sendable {
    /// One that registers itself came, or came back with a new secret.
    case joined(RunnerID)
    case left(RunnerID)
    case reserved(SessionID, RunnerID)
    /// `channels`: the names of those that were made for it.
    case released(SessionID, RunnerID, RunnerRelease, channels: [String])
    /// Something that discovery shows is different.
    case changed
}

/// A channel that a runner asked for, by its name within the session.
package struct RunnerChannel: Hashable, Sendable {
    package var name: String
    package var contentType: String

    package init(name: String, contentType: String) {
        self.name = name
        self.contentType = contentType
    }
}

/// Why something is not done for a runner, or for a client of one.
package enum RunnerRefusal: Error, Hashable, Sendable {
    case noSuchRunner
    case noSuchSession
    case noCapacity
    case notPersistent
    case notSingleShot
    /// A static runner is ended by its operator.
    case isStatic
    /// A limit of ours; the text says which.
    case tooMany(String)
    case invalid(String)
}
