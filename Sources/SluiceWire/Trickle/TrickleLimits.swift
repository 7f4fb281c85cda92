/// What one channel may hold.
package struct TrickleLimits: Hashable, Sendable {
    /// Kept whatever their age: what the reference keeps, and so what readers count on.
    package var leastSegments = 5
    /// A channel of JSON messages loses none to a reader that is as many behind.
    package var mostSegments = 256
    /// An older segment than this is of no use to a live reader.
    package var keepTime: Duration = .seconds(30)
    /// A segment is a second or two; this is 13 s of 20 Mbit/s.
    package var mostSegmentBytes = 32 << 20
    /// All segments of a channel, in memory: two of the largest.
    package var mostChannelBytes = 64 << 20
    /// Readers of all segments of a channel; each is a connection or a stream of one.
    package var mostReaders = 2000
    /// A channel on which nothing was written for so long is closed. As the reference, which counts from the segment's start.
    package var idleTime: Duration = .seconds(300)

    /// A publisher that begins again at a low number was silent for longer: no process starts faster. Numbers that come in the wrong
    /// order do so within it.
    package var restartPause: Duration = .seconds(1)

    package init() {}
}
