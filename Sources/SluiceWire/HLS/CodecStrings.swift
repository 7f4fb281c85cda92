package import NIOCore
package import SluiceTypes

/// RFC 6381 names of codings, for the `CODECS` attribute.
package enum CodecStrings {
    /// How far a segment is searched for its first sequence parameter set.
    private static let searchLimit = 64 << 10

    /// - Parameter sample: bytes of a segment, searched when the configuration is empty.
    /// - Returns: `nil` when the profile cannot be told; a wrong name is worse than none.
    package static func video(_ video: VideoParameters, sample: ByteBuffer) -> String? {
        switch video.codec {
        case .h264:
            if video.configuration.count > 3, video.configuration[0] == 1 { return avc(Array(video.configuration[1...3])) }
            return firstSequenceParameterSet(in: sample).map(avc)
        case .hevc: return hevc(video.configuration)
        case .av1: return av1(video.configuration)
        case .vp8: return "vp8"
        case .vp9: return "vp09.00.41.08"
        }
    }

    package static func audio(_ audio: AudioParameters) -> String? {
        switch audio.codec {
        case .aac:
            let objectType = audio.configuration.first.map { Int($0 >> 3) } ?? 2
            return objectType == 0 || objectType == 31 ? nil : "mp4a.40.\(objectType)"
        case .opus: return "opus"
        case .mp3: return "mp4a.40.34"
        }
    }

    private static func avc(_ bytes: [UInt8]) -> String {
        "avc1." + bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// From `hvcC`: profile space and id, compatibility flags with their bits turned round, tier and level, constraints.
    private static func hevc(_ record: [UInt8]) -> String? {
        guard record.count >= 13, record[0] == 1 else { return nil }
        let space = ["", "A", "B", "C"][Int(record[1] >> 6)]
        let flags = record[2...5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        var turned: UInt32 = 0
        for bit in 0..<32 where flags & (1 << UInt32(bit)) != 0 { turned |= 1 << UInt32(31 - bit) }
        var constraints = record[6...11].map { String($0, radix: 16, uppercase: true) }
        while constraints.last == "0" { constraints.removeLast() }
        let tier = record[1] & 0x20 == 0 ? "L" : "H"
        return (["hvc1.\(space)\(record[1] & 0x1f)", String(turned, radix: 16, uppercase: true), "\(tier)\(record[12])"] + constraints)
            .joined(separator: ".")
    }

    /// From `av1C`: profile, level and tier, bits a sample.
    private static func av1(_ record: [UInt8]) -> String {
        guard record.count >= 4, record[0] == 0x81 else { return "av01.0.08M.08" }
        let level = String(record[1] & 0x1f)
        let depth = record[2] & 0x40 == 0 ? "08" : record[2] & 0x20 == 0 ? "10" : "12"
        return "av01.\(record[1] >> 5).\(level.count < 2 ? "0" : "")\(level)\(record[2] & 0x80 == 0 ? "M" : "H").\(depth)"
    }

    /// The three bytes after the header of the first H.264 sequence parameter set with a start code.
    private static func firstSequenceParameterSet(in sample: ByteBuffer) -> [UInt8]? {
        let view = sample.readableBytesView.prefix(searchLimit)
        return view.withUnsafeBytes { bytes -> [UInt8]? in
            guard bytes.count >= 7 else { return nil }
            for index in 0..<(bytes.count - 6)
            where bytes[index] == 0 && bytes[index + 1] == 0 && bytes[index + 2] == 1 && bytes[index + 3] & 0x1f == 7
                && bytes[index + 3] & 0x60 != 0
            {
                return [bytes[index + 4], bytes[index + 5], bytes[index + 6]]
            }
            return nil
        }
    }
}
