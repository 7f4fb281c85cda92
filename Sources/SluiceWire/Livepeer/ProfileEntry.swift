import SluiceTypes

/// One element of Livepeer's JSON profile array (specs/gateway-surface §5.1). Fields nobody knows are passed over, as there.
struct ProfileEntry: Decodable {
    var name: String?
    var width: Int?
    var height: Int?
    var bitrate: Int?
    var fps: UInt32?
    var fpsDen: UInt32?
    var profile: String?
    var gop: String?
    var encoder: String?
    var quality: UInt32?

    func checked() throws(ProfileText.Fault) -> TranscodeProfile {
        let width = width ?? 0
        let height = height ?? 0
        let bitrate = bitrate ?? 0
        let named = name ?? ""
        return TranscodeProfile(
            name: named.isEmpty ? "custom_\(width)x\(height)_\(bitrate)" : named,
            width: width, height: height, bitrate: bitrate, frameRate: frameRate, codec: try codec(),
            h264Profile: try h264Profile(), keyFrames: try keyFrames(), quality: Int(quality ?? 0))
    }

    private var frameRate: Rational? {
        guard let fps, fps > 0 else { return nil }
        return Rational(Int(fps), max(1, Int(fpsDen ?? 1)))
    }

    private func codec() throws(ProfileText.Fault) -> VideoCodec {
        switch encoder ?? "" {
        case "", "H.264": return .h264
        case "HEVC": return .hevc
        case "VP8": return .vp8
        case "VP9": return .vp9
        case let other: throw ProfileText.Fault(description: "encoder `\(other)`: use H.264, HEVC, VP8 or VP9")
        }
    }

    private func h264Profile() throws(ProfileText.Fault) -> TranscodeProfile.H264Profile {
        switch (profile ?? "").lowercased() {
        case "", "none": return .encoderDefault
        case "h264baseline": return .baseline
        case "h264main": return .main
        case "h264high": return .high
        case "h264constrainedhigh": return .constrainedHigh
        case let other:
            throw ProfileText.Fault(
                description: "profile `\(other)`: use none, H264Baseline, H264Main, H264High or H264ConstrainedHigh")
        }
    }

    private func keyFrames() throws(ProfileText.Fault) -> TranscodeProfile.KeyFrames {
        switch gop ?? "" {
        case "": return .automatic
        case "intra": return .intraOnly
        case let text:
            // An hour is beyond any segment, and keeps the milliseconds inside the wire's 32 bits.
            guard let seconds = Double(text), (0...3600).contains(seconds) else {
                throw ProfileText.Fault(description: "gop `\(text)`: use seconds from 0 to 3600, or intra")
            }
            let milliseconds = Int(seconds * 1000)
            return milliseconds == 0 ? .automatic : .every(milliseconds: milliseconds)
        }
    }
}
