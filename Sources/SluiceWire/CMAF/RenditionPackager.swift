package import NIOCore
package import SluiceTypes

/// Makes parts of a rendition where the source's were cut: same boundaries, same timeline.
///
/// Knows nothing of whole segments: packets may come one by one while the source is still being cut, as long as the source is ahead.
package struct RenditionPackager: Sendable {
    package struct Part: Sendable {
        /// Its place in the segment, as the source counts.
        package var index: Int
        package var bytes: ByteBuffer
        package var isIndependent: Bool

        package init(index: Int, bytes: ByteBuffer, isIndependent: Bool) {
            self.index = index
            self.bytes = bytes
            self.isIndependent = isIndependent
        }
    }

    private struct Codings: Hashable {
        var video: VideoParameters?
        var audio: AudioParameters?
    }

    private var builder = FragmentBuilder()
    private var clock = FrameClock(frameRate: nil)
    private var codings: Codings?
    private var leads = Track.video
    /// Where the segment's parts begin, as far as the source has been cut.
    private var starts: [MediaTime] = []
    private var index = 0
    /// From decode to presentation of the segment's first picture: with it, decode times compare with where parts begin.
    private var delay: MediaTime?
    private var end = MediaTime.zero

    package init() {}

    /// The next packets are those of a segment with these codings.
    ///
    /// - Parameters:
    ///   - starts: where its parts begin, as far as known.
    ///   - isContinuous: the timeline goes on from the segment before.
    /// - Returns: the initialization segment, where it is another than before.
    package mutating func begin(
        video: VideoParameters?, audio: AudioParameters?, starts: [MediaTime], isContinuous: Bool
    ) throws(CMAFError) -> ByteBuffer? {
        let codings = Codings(video: video, audio: audio)
        let isOther = codings != self.codings
        let initialization = isOther ? try InitializationSegment.make(video: video, audio: audio) : nil
        if isOther || !isContinuous {
            builder.restart(audio: audio)
            clock = FrameClock(frameRate: video?.frameRate)
        }
        self.codings = codings
        self.starts = starts
        leads = video == nil ? .audio : .video
        index = 0
        delay = nil
        return initialization
    }

    /// The source has been cut further.
    ///
    /// - Parameter starts: where all the segment's parts begin, as far as known. The last may be where the newest part ends: what is
    ///   half a frame off there changes nothing.
    package mutating func cut(_ starts: [MediaTime]) { self.starts = starts }

    /// - Parameter isGapless: whether it follows the frame before it. A part that lacks frames in front of this one is left out, but for
    ///   the one that this is in.
    package mutating func append(_ packet: EncodedPacket, isGapless: Bool = true, emit: (Part) -> Void) {
        guard packet.track == leads else { return builder.append(packet) }
        if !isGapless { clock.skip() }
        clock.note(packet.dts)
        let delay = delay ?? packet.pts - packet.dts
        self.delay = delay
        let shown = packet.dts + delay
        let frame = clock.frame
        let half = MediaTime(ticks: frame.ticks / 2)
        while index + 1 < starts.count, shown + half >= starts[index + 1] {
            if !isGapless { builder.discard() }
            leave(end: packet.dts, emit)
        }
        builder.append(packet)
        end = packet.dts + frame
        // Its last frame is here; nobody waits for the next.
        if index + 1 < starts.count, shown + frame + half >= starts[index + 1] { leave(end: end, emit) }
    }

    package mutating func endSegment(emit: (Part) -> Void) { leave(end: end, emit) }

    /// The segment ends, and what of its last part is here is not all of it: it is left out.
    package mutating func breakSegment() { builder.discard() }

    private mutating func leave(end: MediaTime, _ emit: (Part) -> Void) {
        defer { index += 1 }
        let isIndependent = builder.isIndependent
        guard builder.hasLeading(leads), let bytes = builder.take(end: end) else { return }
        emit(Part(index: index, bytes: bytes, isIndependent: isIndependent))
    }
}
