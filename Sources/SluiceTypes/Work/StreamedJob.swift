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
    /// For each profile, decode time of a picture (33 bits of 1/90 000 s) whose next is to be a key frame: so its rendition can go on
    /// there with another's. Empty, or `nil`, for no such wish; an orchestrator may not know how.
    package let keyFrameAfter: [Int64?]

    package init(
        stream: StreamID, sequence: SegmentSequence, container: SegmentContainer = .mpegTS, profiles: [TranscodeProfile],
        feed: SegmentFeed, expectedDuration: Duration, keyFrameAfter: [Int64?] = []
    ) {
        self.stream = stream
        self.sequence = sequence
        self.container = container
        self.profiles = profiles
        self.feed = feed
        self.expectedDuration = expectedDuration
        self.keyFrameAfter = keyFrameAfter
    }

    /// The same with key frames behind these.
    package func beginningAnew(after reached: [Int64?]) -> StreamedJob {
        StreamedJob(
            stream: stream, sequence: sequence, container: container, profiles: profiles, feed: feed,
            expectedDuration: expectedDuration, keyFrameAfter: reached)
    }
}
