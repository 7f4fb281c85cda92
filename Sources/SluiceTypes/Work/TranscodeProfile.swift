/// What a rendition should look like; Livepeer's `VideoProfile` (specs/transcoding-protocol §1.7).
package struct TranscodeProfile: Hashable, Sendable {
    package enum H264Profile: Int, Hashable, Sendable {
        case encoderDefault = 0, baseline, main, high, constrainedHigh
    }

    package enum KeyFrames: Hashable, Sendable {
        /// A key frame at the start of each segment, more as the encoder pleases.
        case automatic
        /// At least one key frame in this many milliseconds.
        case every(milliseconds: Int)
        case intraOnly
    }

    /// Non-empty, unique within a request; a path element of the rendition's URL.
    package var name: String
    package var width: Int
    package var height: Int
    /// Bits per second.
    package var bitrate: Int
    /// `nil` keeps every frame of the source.
    package var frameRate: Rational?
    package var container: SegmentContainer
    package var codec: VideoCodec
    package var h264Profile: H264Profile
    package var keyFrames: KeyFrames
    /// Constant quality (CRF/CQ) instead of a bitrate target; 0 uses `bitrate`.
    package var quality: Int

    package init(
        name: String, width: Int, height: Int, bitrate: Int, frameRate: Rational? = nil,
        container: SegmentContainer = .mpegTS, codec: VideoCodec = .h264, h264Profile: H264Profile = .encoderDefault,
        keyFrames: KeyFrames = .automatic, quality: Int = 0
    ) {
        self.name = name
        self.width = width
        self.height = height
        self.bitrate = bitrate
        self.frameRate = frameRate
        self.container = container
        self.codec = codec
        self.h264Profile = h264Profile
        self.keyFrames = keyFrames
        self.quality = quality
    }
}
