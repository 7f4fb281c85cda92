/// How full the house is, for its price.
package enum LoadState: String, Hashable, Sendable, CaseIterable {
    case idle, usual, surge
}

/// A dearer price when the house is nearly full, a cheaper one when it is nearly empty. The price does not flutter: what was begun at
/// a mark ends only `hysteresis` beyond it.
package struct LoadBands: Hashable, Sendable {
    /// Load, 0 to 1, from which it is a surge, and the factor then; below which it is idle, and the factor then.
    package var surgeFrom = 0.8
    package var surge = 1.0
    package var idleBelow = 0.2
    package var idle = 1.0
    package var hysteresis = 0.1

    package init(surgeFrom: Double = 0.8, surge: Double = 1, idleBelow: Double = 0.2, idle: Double = 1, hysteresis: Double = 0.1) {
        self.surgeFrom = surgeFrom
        self.surge = surge
        self.idleBelow = idleBelow
        self.idle = idle
        self.hysteresis = hysteresis
    }

    /// - Parameter state: the one before.
    package func next(after state: LoadState, load: Double) -> LoadState {
        guard load.isFinite else { return state }
        switch state {
        case .surge where load >= surgeFrom - hysteresis: return .surge
        case .idle where load <= idleBelow + hysteresis: return load >= surgeFrom ? .surge : .idle
        default: return load >= surgeFrom ? .surge : load < idleBelow ? .idle : .usual
        }
    }

    func step(_ state: LoadState) -> PricedTerms.Step? {
        switch state {
        case .usual: nil
        case .surge:
            surge == 1
                ? nil
                : .init(
                    name: "load", factor: surge,
                    words:
                        "surge: the load rose to \((surgeFrom * 100).plain)% and has not fallen below \(((surgeFrom - hysteresis) * 100).plain)%"
                )
        case .idle:
            idle == 1
                ? nil
                : .init(
                    name: "load", factor: idle,
                    words:
                        "idle: the load fell below \((idleBelow * 100).plain)% and has not risen above \(((idleBelow + hysteresis) * 100).plain)%"
                )
        }
    }
}
