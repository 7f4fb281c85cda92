package import NIOCore

/// What happens to a `SegmentJob` or a `StreamedJob` after it was sent, in order: `accepted` once, then any mix of the rendition events
/// (those of one rendition in order), then `finished`, after which the sequence ends. A failure is thrown instead.
package enum SegmentEvent: Sendable {
    /// The other side has the whole segment and took it; of a streamed one it has nothing yet and takes it.
    case accepted
    /// The other side says that the work is done; renditions are on their way. Those that cannot tell leave it out.
    case transcoded
    /// Bytes of the rendition of `profiles[rendition]`, to be appended to those before.
    case renditionBytes(rendition: Int, ByteBuffer)
    /// The rendition is complete.
    case renditionComplete(rendition: Int, facts: RenditionFacts)
    case finished
}

/// What the maker of a rendition says of it.
package struct RenditionFacts: Hashable, Sendable {
    /// Pixels encoded: frames × real width × real height (specs/transcoding-protocol §4.5).
    package var pixels: Int64

    package init(pixels: Int64) { self.pixels = pixels }
}
