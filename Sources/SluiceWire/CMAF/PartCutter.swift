package import SluiceTypes

/// Decides where one part ends and the next begins, by the decode times of the leading track alone: no bytes, no clock.
///
/// A part ends with the frame after which no other has room, as predicted from the frame's length: nobody waits for the next frame
/// to know that. Only where frames come later than predicted, or a segment ends early, is it the next frame that ends a part.
package struct PartCutter: Sendable {
    package struct End: Hashable, Sendable {
        /// Where the part begins by its stamps.
        package var start: MediaTime
        /// What the playlist says; sums up over a segment to its length.
        package var duration: MediaTime
        /// Where its last frame ends.
        package var mediaEnd: MediaTime
    }

    /// What the sum of the durations said and the frames' own stamps may differ by before a new segment begins the sum anew.
    private static let slack = MediaTime(milliseconds: 50)
    /// How much a part may be over its target by its stamps; the next one pays for what is not said.
    private static let tolerance = MediaTime(ticks: 135)

    package let target: PartTarget
    /// Where the open part begins by the durations said.
    private var start: MediaTime?
    private var first: MediaTime?
    private var last: MediaTime?

    package init(target: PartTarget) { self.target = target }

    /// - Returns: the end of the open part, where the frame now coming has no room in it any more.
    package mutating func arrives(_ dts: MediaTime, frame: MediaTime) -> End? {
        guard last != nil, let start, dts + frame - start > target.limit + Self.tolerance else { return nil }
        let end = end(at: dts, mediaEnd: dts)
        // Frames were missing: what is over the target was in no part.
        if let resumed = self.start, dts - resumed > Self.slack { self.start = dts }
        return end
    }

    /// - Returns: the end of the open part, where the frame taken was its last.
    package mutating func takes(_ dts: MediaTime, frame: MediaTime) -> End? {
        if start == nil { start = dts }
        if first == nil { first = dts }
        last = dts
        guard let start, dts + frame + frame - start > target.limit + Self.tolerance else { return nil }
        return end(at: dts + frame, mediaEnd: dts + frame)
    }

    /// The segment ends.
    ///
    /// - Parameter next: the first frame of the next one, where that continues this one.
    package mutating func close(next: MediaTime?, frame: MediaTime) -> End? {
        defer {
            if let resumed = start, let next, abs((next - resumed).ticks) <= Self.slack.ticks {} else { start = nil }
        }
        guard let last else { return nil }
        let end = next.flatMap { $0 > last && $0 - last < frame + Self.slack ? $0 : nil } ?? last + frame
        return self.end(at: end, mediaEnd: end)
    }

    private mutating func end(at time: MediaTime, mediaEnd: MediaTime) -> End {
        let begin = start ?? time
        let duration = min(max(time - begin, MediaTime(ticks: 1)), target.limit)
        defer {
            start = begin + duration
            first = nil
            last = nil
        }
        return End(start: first ?? begin, duration: duration, mediaEnd: mediaEnd)
    }
}
