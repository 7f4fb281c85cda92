/// A segment that is sent on from its first byte while it is being cut, and the renditions wanted of it (docs/Streaming-segments.md).
package struct StreamedJob: Sendable {
    package let stream: StreamID
    package let sequence: SegmentSequence
    package let container: SegmentContainer
    /// In order; never empty.
    package let profiles: [TranscodeProfile]
    package let feed: SegmentFeed
    /// What the segment's length is going to be, as far as one can tell at its first byte.
    package let expectedDuration: Duration

    package init(
        stream: StreamID, sequence: SegmentSequence, container: SegmentContainer = .mpegTS, profiles: [TranscodeProfile],
        feed: SegmentFeed, expectedDuration: Duration
    ) {
        self.stream = stream
        self.sequence = sequence
        self.container = container
        self.profiles = profiles
        self.feed = feed
        self.expectedDuration = expectedDuration
    }
}
