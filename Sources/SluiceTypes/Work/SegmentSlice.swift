/// The part of a segment that is to be transcoded: pictures from one time to another, both included, counted from the segment's
/// first (specs/transcoding-protocol §4.4).
package struct SegmentSlice: Hashable, Sendable {
    /// No segment is longer (§8), so a later bound says no more than this one.
    private static let latestMilliseconds = 300_000

    /// 0 for the segment's own start.
    package let fromMilliseconds: Int
    /// 0 for the segment's own end.
    package let toMilliseconds: Int

    /// - Returns: `nil` when neither side has a bound: that is the whole segment.
    package init?(fromMilliseconds: Int, toMilliseconds: Int) {
        guard fromMilliseconds > 0 || toMilliseconds > 0 else { return nil }
        self.fromMilliseconds = min(max(fromMilliseconds, 0), Self.latestMilliseconds)
        self.toMilliseconds = min(max(toMilliseconds, 0), Self.latestMilliseconds)
    }

    package var isBackwards: Bool { toMilliseconds > 0 && fromMilliseconds > toMilliseconds }

    package func contains(_ offset: MediaTime) -> Bool {
        guard offset >= MediaTime(milliseconds: Int64(fromMilliseconds)) else { return false }
        return toMilliseconds == 0 || offset <= MediaTime(milliseconds: Int64(toMilliseconds))
    }
}
