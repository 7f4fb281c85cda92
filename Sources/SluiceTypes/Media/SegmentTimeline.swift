/// When a segment passed each stage. Metrics, the status page, routing and the benchmarks all read this one value.
package struct SegmentTimeline: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// Wall clock of the first byte, in nanoseconds since 1970: for `EXT-X-PROGRAM-DATE-TIME` and logs.
    package var firstByteWallClock: Int64
    /// Wall clock of the last byte.
    package var lastByteWallClock: Int64
    package var firstByte: Instant
    /// The packet that closed the segment (it opens the next one) had arrived.
    package var cut: Instant
    package var routed: Instant?
    /// The orchestrator had the whole segment and took it (the early 200).
    package var accepted: Instant?
    /// Last byte of each rendition, in profile order; `nil` while missing.
    package var renditions: [Instant?] = []
    /// The source segment stood in its playlist.
    package var sourcePublished: Instant?
    /// The last rendition stood in its playlist.
    package var published: Instant?

    package init(firstByteWallClock: Int64, lastByteWallClock: Int64, firstByte: Instant, cut: Instant) {
        self.firstByteWallClock = firstByteWallClock
        self.lastByteWallClock = lastByteWallClock
        self.firstByte = firstByte
        self.cut = cut
    }
}
