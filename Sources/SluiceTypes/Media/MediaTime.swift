/// A point on a stream's media timeline, or a span of it, in ticks of 1/90 000 s (the clock of MPEG-TS).
///
/// Unwrapped: it never jumps back by 2³³ where the wire's counter does.
package struct MediaTime: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let ticksPerSecond: Int64 = 90_000
    package static let zero = MediaTime(ticks: 0)

    package var ticks: Int64

    package init(ticks: Int64) { self.ticks = ticks }
    package init(milliseconds: Int64) { self.ticks = milliseconds &* 90 }
    package init(seconds: Double) { self.ticks = Int64((seconds * 90_000).rounded()) }

    package var seconds: Double { Double(ticks) / 90_000 }
    package var duration: Duration { .nanoseconds(ticks &* 100_000 / 9) }

    package static func < (left: Self, right: Self) -> Bool { left.ticks < right.ticks }
    package static func + (left: Self, right: Self) -> Self { Self(ticks: left.ticks &+ right.ticks) }
    package static func - (left: Self, right: Self) -> Self { Self(ticks: left.ticks &- right.ticks) }

    package var description: String { "\(seconds)s" }
}

extension Duration {
    /// The whole span as seconds; for arithmetic and for people, not for comparing.
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    package var inMilliseconds: Double { inSeconds * 1000 }
}
