package import SluiceTypes

/// Why a request, or a session, of an app went where it went: what `RouteDecision` is for a segment.
package struct RunnerDecision: Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// No other would do.
        case only
        /// In time and price it is before all others.
        case best
        /// Others are as good, and it has more room than the other one drawn.
        case roomier
        /// None is in health; the least bad.
        case panic
        /// There is none.
        case nobody
    }

    package struct Considered: Sendable {
        package var runner: RemoteRunnerID
        /// Seconds to the answer's head: the usual ones of this runner, or of them all where nobody has asked it yet.
        package var median: Double
        /// Answers behind that, by their present weight.
        package var samples: Double
        /// What is compared: seconds, weighed with the price.
        package var score: Double
        package var price: RunnerPrice?
        package var inFlight: Int
        package var free: Int
        package var capacity: Int
    }

    package var app: String
    package var decided: Moment
    package var reason: Reason
    package var choice: RemoteRunnerID?
    /// Runners of the app that are there.
    package var candidates: Int
    /// Those that could have been chosen, best first, and those that could not; of larger pools only the first are named.
    package var considered: [Considered]
    package var leftOut: [(runner: RemoteRunnerID, reason: LeftOut)]
    package var leftOutCount: Int
}

/// The last decisions of each app that was ever served here; apps are bounded by the router's records.
struct RunnerDecisions: Sendable {
    static let kept = 16
    /// Named in each; a reader looks at no more.
    static let mostNamed = 16

    private var byApp: [String: [RunnerDecision]] = [:]

    subscript(app: String) -> [RunnerDecision] { byApp[app] ?? [] }

    mutating func add(_ decision: RunnerDecision) {
        byApp[decision.app, default: []].append(decision)
        if let count = byApp[decision.app]?.count, count > Self.kept { byApp[decision.app]?.removeFirst(count - Self.kept) }
    }

    mutating func forget(_ app: String) { byApp[app] = nil }
}
