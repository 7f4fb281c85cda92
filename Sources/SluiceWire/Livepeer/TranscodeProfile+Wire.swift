package import SluiceProto
package import SluiceTypes

/// `VideoProfile` and our `TranscodeProfile` (specs/transcoding-protocol §1.7).
extension TranscodeProfile {
    package var message: Net_VideoProfile {
        var message = Net_VideoProfile()
        message.name = name
        message.width = Int32(clamping: width)
        message.height = Int32(clamping: height)
        message.bitrate = Int32(clamping: bitrate)
        if let frameRate {
            message.fps = UInt32(clamping: frameRate.numerator)
            // 0 stands for 1, and a denominator moves the whole request into another field (§4.3).
            message.fpsDen = frameRate.denominator == 1 ? 0 : UInt32(clamping: frameRate.denominator)
        }
        message.format = container == .mp4 ? .mp4 : .mpegts
        message.profile = Net_VideoProfile.Profile(rawValue: h264Profile.rawValue) ?? .encoderDefault
        switch keyFrames {
        case .automatic: break
        case .every(let milliseconds): message.gop = Int32(clamping: milliseconds)
        case .intraOnly: message.gop = -1
        }
        switch codec {
        case .h264, .av1: message.encoder = .h264
        case .hevc: message.encoder = .h265
        case .vp8: message.encoder = .vp8
        case .vp9: message.encoder = .vp9
        }
        message.quality = UInt32(clamping: quality)
        return message
    }

    /// - Throws: the 403 of an enum value nobody knows (§3.3 step 5). Sizes and names are judged by `ProfileLimits`.
    package init(_ message: Net_VideoProfile) throws(SegmentRefusal) {
        guard message.format == .mpegts || message.format == .mp4 else {
            throw SegmentRefusal(status: 403, text: "unrecognized profile output format")
        }
        guard let h264Profile = H264Profile(rawValue: message.profile.rawValue) else {
            throw SegmentRefusal(status: 403, text: "unrecognized encoder profile")
        }
        let codec: VideoCodec
        switch message.encoder {
        case .h264: codec = .h264
        case .h265: codec = .hevc
        case .vp8: codec = .vp8
        case .vp9: codec = .vp9
        case .UNRECOGNIZED: throw SegmentRefusal(status: 403, text: "unrecognized video codec")
        }
        let keyFrames: KeyFrames =
            switch message.gop {
            case 0: .automatic
            case -1: .intraOnly
            default: .every(milliseconds: Int(message.gop))
            }
        self.init(
            // The receiver's own name for a nameless one (§2.2).
            name: message.name.isEmpty ? "net_\(message.width)x\(message.height)_\(message.bitrate)" : message.name,
            width: Int(message.width), height: Int(message.height), bitrate: Int(message.bitrate),
            frameRate: message.fps == 0 ? nil : Rational(Int(message.fps), max(1, Int(message.fpsDen))),
            container: message.format == .mp4 ? .mp4 : .mpegTS, codec: codec, h264Profile: h264Profile,
            keyFrames: keyFrames, quality: Int(message.quality))
    }
}
