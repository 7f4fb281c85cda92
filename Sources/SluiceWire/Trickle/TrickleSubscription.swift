/// Which segment a subscriber asks for next, and what it makes of the answers (specs/trickle-protocol §5.3, §7).
///
/// Pure: the caller asks for `wanted`, tells what came, and obeys.
package struct TrickleSubscription: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        /// Its bytes follow. `wanted` is the one after it, and may be asked for at once.
        case take(sequence: Int64, skipped: Int64)
        /// Ask again, for what is `wanted` now, after this time.
        case ask(after: Duration)
        case end
        /// The server, or the way to it, is out of order.
        case fail
    }

    /// As the reference's clients: what fails so often in a row is final, and between two tries passes this time.
    private static let mostFailures = 5
    private static let failurePause: Duration = .milliseconds(500)
    /// For the publisher to come to where we are.
    private static let aheadPause: Duration = .milliseconds(250)
    /// We ask for one at most that is not announced yet. What is farther off belongs to a life of the publisher that is over.
    private static let mostAhead: Int64 = 2

    package private(set) var wanted: TrickleIndex
    /// Some answer has shown that the channel is there.
    private(set) var hasFound = false
    private var failures = 0
    /// The number after the last one taken.
    private var expected: Int64?

    package init(from start: TrickleIndex) { wanted = start }

    /// - Parameters:
    ///   - sequence: the header `Lp-Trickle-Seq`; some servers leave it out.
    ///   - latest: the header `Lp-Trickle-Latest`.
    package mutating func answered(status: Int, sequence: Int64?, latest: Int64?, isClosed: Bool) -> Step {
        if isClosed { return .end }
        switch status {
        case 200:
            hasFound = true
            return take(sequence ?? assumed)
        case 404: return hasFound ? .end : .fail
        case 470:
            hasFound = true
            return move(to: latest)
        default: return failed()
        }
    }

    /// No answer came, or not the whole of it.
    package mutating func failed() -> Step {
        failures += 1
        return failures < Self.mostFailures ? .ask(after: Self.failurePause) : .fail
    }

    private mutating func take(_ sequence: Int64) -> Step {
        guard (0...TrickleIndex.highest).contains(sequence) else { return failed() }
        // A number below what was expected is that of a publisher who began anew: nothing was skipped.
        let skipped = max(sequence - (expected ?? sequence), 0)
        failures = 0
        expected = sequence + 1
        wanted = .number(sequence + 1)
        return .take(sequence: sequence, skipped: skipped)
    }

    private mutating func move(to latest: Int64?) -> Step {
        guard let latest, (0...TrickleIndex.highest).contains(latest) else { return failed() }
        if case .number(let number) = wanted, latest <= number, latest + Self.mostAhead >= number {
            return .ask(after: Self.aheadPause)
        }
        // The newest that has bytes: the live edge, from its beginning. One that is not there either counts as a failure.
        let edge = TrickleIndex.number(max(latest - 1, 0))
        guard edge != wanted else { return failed() }
        wanted = edge
        return .ask(after: .zero)
    }

    /// For want of a header.
    private var assumed: Int64 {
        if case .number(let number) = wanted { return number }
        return expected ?? 0
    }
}
