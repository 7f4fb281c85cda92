package enum VideoCodec: String, Hashable, Sendable, CaseIterable {
    case h264, hevc, av1, vp8, vp9
}

package enum AudioCodec: String, Hashable, Sendable, CaseIterable {
    case aac, opus, mp3
}

/// A fraction such as a frame rate; `denominator` is never 0.
package struct Rational: Hashable, Sendable, CustomStringConvertible {
    package let numerator: Int
    package let denominator: Int

    /// - Precondition: `denominator` is above 0.
    package init(_ numerator: Int, _ denominator: Int = 1) {
        precondition(denominator > 0, "a fraction over \(denominator)")
        self.numerator = numerator
        self.denominator = denominator
    }

    package var value: Double { Double(numerator) / Double(denominator) }
    package var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
}

/// What a decoder must know before the first video packet.
package struct VideoParameters: Hashable, Sendable {
    package var codec: VideoCodec
    /// Pixels; 0 when the publisher's headers do not tell.
    package var width: Int
    package var height: Int
    package var frameRate: Rational?
    /// Codec configuration as in MP4/FLV: an `AVCDecoderConfigurationRecord` for H.264, `hvcC` for HEVC.
    /// Empty when the parameter sets travel in the packets (MPEG-TS).
    package var configuration: [UInt8]

    package init(codec: VideoCodec, width: Int, height: Int, frameRate: Rational? = nil, configuration: [UInt8] = []) {
        self.codec = codec
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.configuration = configuration
    }
}

/// What a decoder must know before the first audio packet.
package struct AudioParameters: Hashable, Sendable {
    package var codec: AudioCodec
    /// Hertz.
    package var sampleRate: Int
    package var channels: Int
    /// `AudioSpecificConfig` for AAC; empty when it travels in the packets (ADTS).
    package var configuration: [UInt8]

    package init(codec: AudioCodec, sampleRate: Int, channels: Int, configuration: [UInt8] = []) {
        self.codec = codec
        self.sampleRate = sampleRate
        self.channels = channels
        self.configuration = configuration
    }
}
