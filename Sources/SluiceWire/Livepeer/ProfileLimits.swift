package import SluiceTypes

/// What a peer may ask of us; anything else is answered, after the 200, with one of Livepeer's texts for hopeless jobs.
package enum ProfileLimits {
    /// The reference's encoder takes no more (specs/transcoding-protocol §8).
    package static let mostOutputs = 10
    /// 8K, upright or lying: more would only be asked for to exhaust our memory.
    package static let longestSide = 8192
    /// Faster than any camera a stream comes from.
    package static let fastestRate = 240.0
    /// The name is a path element and is written into every playlist.
    package static let longestName = 64
    /// The worst quality number of any codec of this network (VP9).
    package static let worstQuality = 63

    /// - Returns: the text to refuse with, `nil` when all is well.
    package static func objection(to profiles: [TranscodeProfile]) -> String? {
        if profiles.count > mostOutputs { return "Too many outputs" }
        if Set(profiles.map(\.name)).count != profiles.count { return "Invalid argument" }
        for profile in profiles {
            if let objection = objection(to: profile) { return objection }
        }
        return nil
    }

    private static func objection(to profile: TranscodeProfile) -> String? {
        guard isUsable(name: profile.name) else { return "Invalid argument" }
        guard (1...longestSide).contains(profile.width), (1...longestSide).contains(profile.height) else {
            return "TranscoderInvalidResolution"
        }
        if case .every(let milliseconds) = profile.keyFrames, milliseconds <= 0 { return "TranscoderInvalidGOP" }
        guard profile.bitrate >= 0, (0...worstQuality).contains(profile.quality),
            profile.bitrate > 0 || profile.quality > 0
        else { return "Invalid argument" }
        if let rate = profile.frameRate, !(rate.value > 0 && rate.value <= fastestRate) { return "Invalid argument" }
        return nil
    }

    /// Whether the name may stand in a URL path and in a playlist's attribute as it is: what RFC 3986 allows in a path
    /// element without escapes, less `&`.
    package static func isUsable(name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= longestName, name != ".", !name.contains("..") else { return false }
        return name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~!$'()*+,;=:@".utf8.contains($0)
            }
        }
    }
}
