package import NIOCore
package import SluiceTypes

/// One part of a segment: a fragment that can be appended as it is.
package struct MediaPart: Sendable {
    package var bytes: ByteBuffer
    /// Where it begins, by decode time and the delay of the first picture's presentation.
    package var start: MediaTime
    package var duration: MediaTime
    /// Decoding can start here.
    package var isIndependent: Bool

    package init(bytes: ByteBuffer, start: MediaTime, duration: MediaTime, isIndependent: Bool) {
        self.bytes = bytes
        self.start = start
        self.duration = duration
        self.isIndependent = isIndependent
    }
}

/// Makes parts out of a stream's packets as they come. A part leaves with its last frame.
package struct PartPackager: Sendable {
    /// What a part may hold at most, whatever its frames' stamps say: a 4K key frame of 200 Mbit/s has room.
    private static let mostBytes = 8 << 20
    private static let mostPackets = 2000

    private var cutter: PartCutter
    private var builder = FragmentBuilder()
    private var clock = FrameClock(frameRate: nil)
    private var leads = Track.video
    /// From decode to presentation of the first picture.
    private var delay: MediaTime?

    package init(target: PartTarget) { cutter = PartCutter(target: target) }

    /// How long the publisher's frames are, as far as known.
    package var frame: MediaTime { clock.frame }

    package var target: PartTarget { cutter.target }

    /// Sound, of which nothing was known before, begins.
    package mutating func announce(_ audio: AudioParameters?) { builder.announce(audio) }

    /// Another target from the next segment on.
    package mutating func retarget(_ target: PartTarget) { cutter = PartCutter(target: target) }

    /// A segment of other codings, or on another timeline, begins. To be called before the first one, too.
    package mutating func restart(video: VideoParameters?, audio: AudioParameters?) {
        leads = video == nil ? .audio : .video
        let rate = video == nil ? audio.map { Rational($0.codec == .opus ? 50 * 1024 : max(1, $0.sampleRate), 1024) } : video?.frameRate
        clock = FrameClock(frameRate: rate)
        builder.restart(audio: audio)
        cutter = PartCutter(target: cutter.target)
        delay = nil
    }

    package mutating func append(_ packet: EncodedPacket, emit: (MediaPart) -> Void) {
        guard packet.track == leads else { return builder.append(packet) }
        clock.note(packet.dts)
        if delay == nil { delay = packet.pts - packet.dts }
        if let end = cutter.arrives(packet.dts, frame: clock.frame) { leave(end, emit) }
        builder.append(packet)
        if let end = cutter.takes(packet.dts, frame: clock.frame) {
            leave(end, emit)
        } else if builder.size > Self.mostBytes || builder.count > Self.mostPackets {
            if let end = cutter.close(next: packet.dts + clock.frame, frame: clock.frame) { leave(end, emit) }
        }
    }

    /// - Parameter next: decode time of the first packet of the next segment, where that continues this one.
    package mutating func endSegment(next: MediaTime?, emit: (MediaPart) -> Void) {
        if let end = cutter.close(next: next, frame: clock.frame) { leave(end, emit) }
    }

    private mutating func leave(_ end: PartCutter.End, _ emit: (MediaPart) -> Void) {
        let isIndependent = builder.isIndependent
        guard let bytes = builder.take(end: end.mediaEnd) else { return }
        emit(MediaPart(bytes: bytes, start: end.start + (delay ?? .zero), duration: end.duration, isIndependent: isIndependent))
    }
}
