import SluiceTypes

/// Who works on a stream, who is to take over, and when somebody else is looked for: one worker, and at most one beside it.
///
/// Pure: events go in, orders come out. Each worker's time has a number of its own, its line.
package struct LiveVideoCast {
    /// Whether a second worker is fed all the time.
    package enum Standby: String, Sendable, CaseIterable { case none, warm }

    enum Order: Hashable {
        /// Somebody is to be found and started; none of these orchestrators if it can be helped.
        ///
        /// - Parameters:
        ///   - isStrict: where it cannot be helped, nobody.
        ///   - afterPause: not at once, as nobody was to be had.
        case start(Int, avoiding: OrchestratorID?, isStrict: Bool, afterPause: Bool)
        /// Told that it is over.
        case leave(Int)
        /// Its pictures are to come on air; at once, or where nothing is missing.
        case air(Int, isUrgent: Bool)
        /// The worker on air delivers nothing.
        case fill
    }

    enum Event: Hashable {
        case begin
        /// The orchestrator has taken it.
        case placed(Int, OrchestratorID)
        /// Its first picture has come back.
        case showed(Int)
        /// It is on air.
        case tookOver(Int)
        /// It delivers nothing, or too slowly, or is not wanted any more, but is there.
        case uneasy(Int, isSilent: Bool)
        /// It delivers as ever again.
        case well(Int)
        case ended(Int)
    }

    private struct Worker {
        let line: Int
        var orchestrator: OrchestratorID?
        var hasShown = false
    }

    private let standby: Standby
    private var lines = 0
    private var current: Worker?
    private var next: Worker?
    /// The current one is to be left as soon as there is another.
    private var isMoving = false
    private var isSilent = false

    init(standby: Standby) { self.standby = standby }

    /// The line that works for viewers, or is to.
    var currentLine: Int? { current?.line }
    var currentOrchestrator: OrchestratorID? { current?.orchestrator }
    var standbyOrchestrator: OrchestratorID? { next?.orchestrator }

    mutating func happened(_ event: Event) -> [Order] {
        switch event {
        case .begin: return current == nil ? [startCurrent(afterPause: false)] : []
        case .placed(let line, let orchestrator):
            if current?.line == line { current?.orchestrator = orchestrator }
            if next?.line == line { next?.orchestrator = orchestrator }
            return []
        case .showed(let line): return showed(line)
        case .tookOver(let line): return tookOver(line)
        case .uneasy(let line, let isSilent): return uneasy(line, isSilent)
        case .well(let line):
            return well(line)
        case .ended(let line): return ended(line)
        }
    }

    private mutating func startCurrent(afterPause: Bool, avoiding: OrchestratorID? = nil) -> Order {
        lines += 1
        current = Worker(line: lines)
        isMoving = false
        isSilent = false
        return .start(lines, avoiding: avoiding, isStrict: false, afterPause: afterPause)
    }

    private mutating func startNext(afterPause: Bool) -> Order {
        lines += 1
        next = Worker(line: lines)
        // A standby beside the same machine is better than none; a move goes elsewhere or not at all.
        return .start(lines, avoiding: current?.orchestrator, isStrict: isMoving, afterPause: afterPause)
    }

    private mutating func showed(_ line: Int) -> [Order] {
        if current?.line == line {
            current?.hasShown = true
            var orders: [Order] = [.air(line, isUrgent: false)]
            if standby == .warm, next == nil { orders.append(startNext(afterPause: false)) }
            return orders
        }
        guard next?.line == line else { return [] }
        next?.hasShown = true
        return isMoving ? [.air(line, isUrgent: isSilent)] : []
    }

    /// Also by itself: where nobody is on air, whoever has a picture is.
    private mutating func tookOver(_ line: Int) -> [Order] {
        guard let taking = next, taking.line == line else { return [] }
        let left = current
        current = taking
        next = nil
        isMoving = false
        isSilent = false
        var orders: [Order] = left.map { [.leave($0.line)] } ?? []
        if standby == .warm { orders.append(startNext(afterPause: false)) }
        return orders
    }

    private mutating func uneasy(_ line: Int, _ silent: Bool) -> [Order] {
        guard current?.line == line, current?.hasShown == true else { return [] }
        var orders: [Order] = []
        if silent, !isSilent {
            isSilent = true
            if next?.hasShown != true { orders.append(.fill) }
        }
        if let next {
            isMoving = true
            if next.hasShown { orders.append(.air(next.line, isUrgent: isSilent)) }
        } else if !isMoving {
            isMoving = true
            orders.append(startNext(afterPause: false))
        }
        return orders
    }

    /// Somebody who has shown something already takes over all the same.
    private mutating func well(_ line: Int) -> [Order] {
        guard current?.line == line else { return [] }
        isSilent = false
        guard isMoving, next?.hasShown != true else { return [] }
        isMoving = false
        guard standby == .none, let next else { return [] }
        return [.leave(next.line)]
    }

    private mutating func ended(_ line: Int) -> [Order] {
        if next?.line == line {
            let hadShown = next?.hasShown == true
            next = nil
            guard standby == .warm || isMoving else { return [] }
            return [startNext(afterPause: !hadShown)]
        }
        guard let gone = current, gone.line == line else { return [] }
        guard let successor = next else {
            var orders: [Order] = gone.hasShown && !isSilent ? [.fill] : []
            orders.append(startCurrent(afterPause: !gone.hasShown, avoiding: gone.hasShown ? gone.orchestrator : nil))
            return orders
        }
        current = successor
        next = nil
        isMoving = false
        let wasSilent = isSilent
        isSilent = false
        guard successor.hasShown else { return gone.hasShown && !wasSilent ? [.fill] : [] }
        var orders: [Order] = [.air(successor.line, isUrgent: true)]
        if standby == .warm { orders.append(startNext(afterPause: false)) }
        return orders
    }
}
