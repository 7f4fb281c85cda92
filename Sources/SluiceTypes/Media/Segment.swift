package import NIOCore

/// The container of a segment's bytes; the raw value is the file extension.
package enum SegmentContainer: String, Hashable, Sendable {
    case mpegTS = "ts"
    case mp4

    /// The content type that players and Livepeer's peers expect.
    package var contentType: String {
        switch self {
        case .mpegTS: "video/mp2t"
        case .mp4: "video/mp4"
        }
    }
}

/// One independently decodable piece of the source: immutable, written once, read by many.
package struct Segment: Sendable {
    package let stream: StreamID
    package let sequence: SegmentSequence
    package let container: SegmentContainer
    package let bytes: ByteBuffer
    package let start: MediaTime
    /// Exact: first presentation time of this segment to the first of the next, where that is known.
    package let duration: Duration
    /// The timeline, or the coding, does not continue from the segment before.
    package let startsDiscontinuity: Bool
    package let video: VideoParameters?
    package let audio: AudioParameters?
    /// Number of video access units; 0 in an audio-only segment.
    package let videoFrames: Int
    /// Keccak-256 of `bytes`, 32 bytes; `nil` where nothing will be sent out and so nobody paid for it.
    package let hash: [UInt8]?
    package var timeline: SegmentTimeline

    package init(
        stream: StreamID, sequence: SegmentSequence, container: SegmentContainer, bytes: ByteBuffer, start: MediaTime,
        duration: Duration, startsDiscontinuity: Bool, video: VideoParameters?, audio: AudioParameters?,
        videoFrames: Int, hash: [UInt8]?, timeline: SegmentTimeline
    ) {
        self.stream = stream
        self.sequence = sequence
        self.container = container
        self.bytes = bytes
        self.start = start
        self.duration = duration
        self.startsDiscontinuity = startsDiscontinuity
        self.video = video
        self.audio = audio
        self.videoFrames = videoFrames
        self.hash = hash
        self.timeline = timeline
    }
}
