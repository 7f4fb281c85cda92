import SluiceTypes

/// Sums since the start, for metrics and the simulator.
package struct RouteCounts: Hashable, Sendable {
    package enum HedgeResult: String, Hashable, Sendable, CaseIterable {
        case won, lost
        /// Wanted, but the budget was used up, nobody else was there, or all were late.
        case withheld
    }

    package internal(set) var decisions: [RouteDecision.Reason: Int] = [:]
    package internal(set) var hedges: [HedgeResult: Int] = [:]
    package internal(set) var retries = 0
    package internal(set) var canaries = 0
    package internal(set) var misses = 0
    package internal(set) var lost = 0
    package internal(set) var ejections = 0
    package internal(set) var commonCauses = 0

    /// Decisions kept of each stream.
    package static let keptDecisions = StreamRoute.recentDecisions

    package init() {}

    mutating func decided(_ reason: RouteDecision.Reason) { decisions[reason, default: 0] += 1 }
    mutating func withheld() { hedges[.withheld, default: 0] += 1 }

    mutating func count(_ decision: RouteDecision) {
        if decision.isMissed { misses += 1 }
        if decision.failure != nil { lost += 1 }
        for attempt in decision.attempts {
            switch attempt.role {
            case .primary: break
            case .hedge: hedges[attempt.result == .won ? .won : .lost, default: 0] += 1
            case .retry: retries += 1
            case .canary: canaries += 1
            }
        }
    }
}
