/// Decoder configuration records out of parameter sets (ISO/IEC 14496-15 §5.3.3 and §8.3.3).
enum DecoderConfiguration {
    /// - Parameters: NAL units, the first of each kind.
    static func h264(sequence: [UInt8], picture: [UInt8]) -> [UInt8]? {
        guard sequence.count > 3, sequence.count <= 0xffff, picture.count <= 0xffff else { return nil }
        var record: [UInt8] = [1, sequence[1], sequence[2], sequence[3], 0xff, 0xe1]
        record += [UInt8(sequence.count >> 8), UInt8(sequence.count & 0xff)] + sequence
        record += [1, UInt8(picture.count >> 8), UInt8(picture.count & 0xff)] + picture
        // High profile has no other than 4:2:0 in eight bits here.
        if sequence[1] == 100 { record += [0xfd, 0xf8, 0xf8, 0] }
        return record
    }

    static func hevc(video: [UInt8], sequence: [UInt8], picture: [UInt8]) -> [UInt8]? {
        var bits = BitReader(payloadOf: sequence)
        // The second byte of the header, and the identifier of the video parameter set.
        _ = bits.read(8 + 4)
        let subLayers = bits.read(3)
        let isNested = bits.read(1)
        let profileTierLevel = (0..<12).map { _ in UInt8(bits.read(8)) }
        skipSubLayers(subLayers, &bits)
        _ = bits.golomb()
        let chroma = bits.golomb()
        if chroma == 3 { _ = bits.read(1) }
        _ = bits.golomb()
        _ = bits.golomb()
        if bits.read(1) == 1 { for _ in 0..<4 { _ = bits.golomb() } }
        let luma = bits.golomb()
        let color = bits.golomb()
        guard !bits.isExhausted, chroma <= 3, luma <= 8, color <= 8 else { return nil }
        var record: [UInt8] = [1] + profileTierLevel
        // No restrictions told: spatial segmentation, parallelism; then the format, and no frame rate.
        record += [0xf0, 0, 0xfc, 0xfc | UInt8(chroma), 0xf8 | UInt8(luma), 0xf8 | UInt8(color), 0, 0]
        record += [UInt8(subLayers + 1) << 3 | UInt8(isNested) << 2 | 3, 3]
        for (type, unit) in [(UInt8(32), video), (33, sequence), (34, picture)] {
            guard unit.count <= 0xffff else { return nil }
            record += [0x80 | type, 0, 1, UInt8(unit.count >> 8), UInt8(unit.count & 0xff)] + unit
        }
        return record
    }

    private static func skipSubLayers(_ count: Int, _ bits: inout BitReader) {
        guard count > 0 else { return }
        let present = (0..<8).map { _ in (profile: bits.read(1) == 1, level: bits.read(1) == 1) }
        for layer in present.prefix(count) {
            if layer.profile { _ = bits.read(88) }
            if layer.level { _ = bits.read(8) }
        }
    }
}
