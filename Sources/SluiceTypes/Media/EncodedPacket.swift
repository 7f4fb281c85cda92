package import NIOCore

package enum Track: Hashable, Sendable {
    case video, audio
}

/// One access unit, compressed, with its times on the stream's unwrapped timeline.
package struct EncodedPacket: Sendable {
    package var track: Track
    package var pts: MediaTime
    /// Decode order. Within one track it does not step back, save at a jump of the publisher's clock.
    package var dts: MediaTime
    /// Whether decoding can start here. Always `true` for audio.
    package var isKey: Bool
    /// For H.264 and HEVC with a `configuration`: NAL units with 4-byte lengths (as in MP4); without: Annex B.
    package var payload: ByteBuffer

    package init(track: Track, pts: MediaTime, dts: MediaTime, isKey: Bool, payload: ByteBuffer) {
        self.track = track
        self.pts = pts
        self.dts = dts
        self.isKey = isKey
        self.payload = payload
    }
}
