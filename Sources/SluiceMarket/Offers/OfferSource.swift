/// Where the knowledge of an orchestrator is from, the one that goes before the others first: what our own operator wrote goes before
/// what the orchestrator says of itself, that before what somebody lists, and what was learned in an earlier run comes last.
package enum OfferSource: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Our settings.
    case configured
    /// The orchestrator in this process.
    case embedded
    /// Its own `GetOrchestrator` answer.
    case declared
    /// Its own `GET /discovery` of live runners.
    case runners
    /// The discovery webhook.
    case webhook
    /// The remote signer's `/discover-orchestrators`.
    case signer
    /// The registry on disk.
    case remembered

    package var precedence: Int {
        switch self {
        case .configured: 0
        case .embedded: 1
        case .declared: 2
        case .runners: 3
        case .webhook: 4
        case .signer: 5
        case .remembered: 6
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.precedence < right.precedence }
}
