/// A point on the caller's monotonic clock, in nanoseconds from an origin that only the caller knows.
///
/// Routing reads no clock: a gateway passes its continuous clock in, the simulator its virtual one. Exact, so that one seed gives
/// one run on every machine.
package struct Moment: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// - Parameter seconds: rounded to whole nanoseconds; what is not finite or beyond 100 years is taken as 100 years.
    package init(seconds: Double) {
        self.nanoseconds = Self.nanoseconds(in: seconds)
    }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    package var seconds: Double { Double(nanoseconds) / 1e9 }

    package func advanced(bySeconds seconds: Double) -> Moment {
        Moment(nanoseconds: nanoseconds &+ Self.nanoseconds(in: seconds))
    }

    /// Seconds from `earlier` to here; negative when `earlier` is the later one.
    package func seconds(since earlier: Moment) -> Double { Double(nanoseconds - earlier.nanoseconds) / 1e9 }

    private static func nanoseconds(in seconds: Double) -> Int64 {
        let century = 3.15e9
        return Int64((max(-century, min(century, seconds.isNaN ? century : seconds)) * 1e9).rounded())
    }
}
