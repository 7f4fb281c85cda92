/// Who is at a session's channels, and who has been away for too long.
///
/// Pure: time comes in.
struct LiveVideoPresence {
    typealias Instant = ContinuousClock.Instant

    enum Finding: Hashable {
        case gatewayGone, workerGone, neverBegan
        /// Nothing can change before, unless somebody comes or goes.
        case wait(until: Instant?)
    }

    private enum Visitor {
        case expected
        case here
        case away(since: Instant)

        mutating func look(_ isHere: Bool, _ now: Instant) {
            switch (self, isHere) {
            case (_, true): self = .here
            case (.here, false): self = .away(since: now)
            case (.expected, false), (.away, false): break
            }
        }
    }

    private let settings: LiveVideoDesk.Settings
    private let began: Instant
    private var gateway = Visitor.expected
    private var worker = Visitor.expected

    init(_ settings: LiveVideoDesk.Settings, at now: Instant) {
        self.settings = settings
        began = now
    }

    mutating func look(gateway isGateway: Bool, worker isWorker: Bool, at now: Instant) -> Finding {
        gateway.look(isGateway, now)
        worker.look(isWorker, now)
        var next: Instant?
        func due(_ instant: Instant) -> Bool {
            if now >= instant { return true }
            next = min(next ?? instant, instant)
            return false
        }
        switch gateway {
        case .expected: if due(began + settings.beginTime) { return .neverBegan }
        case .here: break
        case .away(let since): if due(since + settings.gatewayGone) { return .gatewayGone }
        }
        if case .away(let since) = worker, due(since + settings.workerGone) { return .workerGone }
        return .wait(until: next)
    }
}
