package import SluiceMarket
package import SluiceRouting
package import SluiceTypes

/// What a decision says of the orchestrators that had a part in it: routing's records become the market's.
package struct DecisionOutcomes: Sendable {
    package struct One: Sendable {
        package var orchestrator: OrchestratorID
        package var outcome: WorkOutcome
    }

    package let outcomes: [One]
    package let segment: GatewayQuality.Segment

    /// - Parameters:
    ///   - duration: of the segment, seconds.
    ///   - previous: who served the stream's segment before this one; counted as left where it was left in trouble.
    package init(_ decision: RouteDecision, duration: Double, previous: OrchestratorID? = nil) {
        var outcomes: [One] = decision.attempts.compactMap { attempt in
            guard let end = Self.end(of: attempt, decision) else { return nil }
            return One(
                orchestrator: attempt.orchestrator,
                outcome: WorkOutcome(
                    end: end, kind: BookingKind(attempt.role), duration: duration, finish: attempt.times.total,
                    isInTime: attempt.times.total.map { attempt.sent.advanced(bySeconds: $0) <= decision.deadline } ?? false,
                    pixelsExpected: attempt.pixelsAsked, pixels: attempt.pixels, bitsExpected: attempt.bitsAsked,
                    bits: Double(attempt.bytes) * 8, wei: attempt.cost))
        }
        if let previous, let choice = decision.choice, choice != previous, Self.troubles.contains(decision.reason) {
            outcomes.append(
                One(orchestrator: previous, outcome: WorkOutcome(end: .stopped, kind: .primary, duration: duration, isSwap: true)))
        }
        self.outcomes = outcomes
        segment = GatewayQuality.Segment(
            isMissed: decision.isMissed, isLost: decision.failure != nil,
            isInTarget: decision.finish.map { $0 <= decision.target } ?? false, hedges: decision.attempts.count { $0.role == .hedge },
            canaries: decision.attempts.count { $0.role == .canary }, retries: decision.attempts.count { $0.role == .retry })
    }

    /// Ways to leave somebody that say something of him.
    private static let troubles: Set<RouteDecision.Reason> = [.unhealthy, .sooner, .leastLate, .panic]

    private static func end(of attempt: RouteDecision.Attempt, _ decision: RouteDecision) -> WorkOutcome.End? {
        switch attempt.result {
        case .running: nil
        case .won, .finished: .done
        case .failed(let failure):
            failure.reason == .busy ? .full : failure.isFault ? .failed(failure.reason) : .stopped
        case .aborted: isOvertaken(attempt, decision) ? .overtaken : .stopped
        }
    }

    /// It was stopped for being late: a hedge stood beside it, or the segment was given up. One that was stopped because it was the hedge,
    /// or because the stream ended, was not.
    private static func isOvertaken(_ attempt: RouteDecision.Attempt, _ decision: RouteDecision) -> Bool {
        guard attempt.role != .canary else { return false }
        if let failure = decision.failure { return failure.reason != .cancelled }
        return decision.attempts.contains { $0.role == .hedge && $0.sent > attempt.sent }
    }
}

extension BookingKind {
    package init(_ role: AttemptRole) {
        self =
            switch role {
            case .primary: .primary
            case .retry: .retry
            case .hedge: .hedge
            case .canary: .canary
            }
    }
}
