/// What came of the work of one offer, by hour and by day (UTC). Bounded: the oldest go.
package struct PerformanceHistory: Sendable {
    package struct Span: Hashable, Sendable {
        /// Unix seconds of its beginning.
        package var start: Int64
        package var tally: PerformanceTally

        package init(start: Int64, tally: PerformanceTally) {
            self.start = start
            self.tally = tally
        }
    }

    package static let hour: Int64 = 3600
    package static let day: Int64 = 86_400
    /// Kept in memory: what a score looks at. What is older is in the registry, bounded there; ten thousand offers with a month of
    /// hours each would be gigabytes.
    package static let mostHours = 6
    package static let mostDays = 2

    package private(set) var hours: [Span] = []
    package private(set) var days: [Span] = []

    package init() {}

    package mutating func add(_ outcome: WorkOutcome, at now: Int64) { change(at: now) { $0.add(outcome, at: now) } }

    package mutating func add(_ sample: PictureSample, at now: Int64) { change(at: now) { $0.add(sample, at: now) } }

    private mutating func change(at now: Int64, _ body: (inout PerformanceTally) -> Void) {
        Self.change(at: now, in: &hours, width: Self.hour, most: Self.mostHours, body)
        Self.change(at: now, in: &days, width: Self.day, most: Self.mostDays, body)
    }

    private static func change(
        at now: Int64, in spans: inout [Span], width: Int64, most: Int, _ body: (inout PerformanceTally) -> Void
    ) {
        let start = now - now % width
        // A clock that jumps back counts into the newest span.
        if spans.last.map({ $0.start < start }) ?? true {
            spans.append(Span(start: start, tally: PerformanceTally()))
            if spans.count > most { spans.removeFirst() }
        }
        body(&spans[spans.count - 1].tally)
    }

    /// Takes what was kept on disk, oldest first; what is here already is added to it.
    package mutating func restore(hours: [Span], days: [Span]) {
        self.hours = Self.merged(hours, self.hours, most: Self.mostHours)
        self.days = Self.merged(days, self.days, most: Self.mostDays)
    }

    private static func merged(_ left: [Span], _ right: [Span], most: Int) -> [Span] {
        var byStart: [Int64: PerformanceTally] = [:]
        for span in left + right { byStart[span.start, default: PerformanceTally()] += span.tally }
        return byStart.sorted { $0.key < $1.key }.suffix(most).map { Span(start: $0.key, tally: $0.value) }
    }

    /// The newest hours back to `since`, together.
    package func sum(since: Int64) -> PerformanceTally {
        var sum = PerformanceTally()
        for span in hours.reversed() {
            guard span.start + Self.hour > since else { break }
            sum += span.tally
        }
        return sum
    }

    package var newest: Span? { hours.last }
}
