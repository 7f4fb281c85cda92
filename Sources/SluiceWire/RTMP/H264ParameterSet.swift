/// Size and frame rate out of an H.264 sequence parameter set (ITU-T H.264 §7.3.2.1).
package struct H264ParameterSet: Sendable {
    package private(set) var width = 0
    package private(set) var height = 0
    package private(set) var frameRate: Double?

    /// - Parameter avcConfiguration: an `AVCDecoderConfigurationRecord`.
    package init?(avcConfiguration record: [UInt8]) {
        guard record.count > 8, record[5] & 0x1f > 0 else { return nil }
        let length = Int(record[6]) << 8 | Int(record[7])
        guard length > 4, record.count >= 8 + length else { return nil }
        self.init(unit: Array(record[8..<8 + length]))
    }

    /// - Parameter unit: the NAL unit with its header byte, emulation prevention still in.
    package init?(unit: [UInt8]) {
        var bits = BitReader(payloadOf: unit)
        let profile = bits.read(8)
        _ = bits.read(16)
        _ = bits.golomb()
        var chroma = 1
        if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile) {
            chroma = bits.golomb()
            if chroma == 3 { _ = bits.read(1) }
            _ = bits.golomb()
            _ = bits.golomb()
            _ = bits.read(1)
            if bits.read(1) == 1 {
                for list in 0..<(chroma == 3 ? 12 : 8) where bits.read(1) == 1 { bits.skipScalingList(list < 6 ? 16 : 64) }
            }
        }
        _ = bits.golomb()
        switch bits.golomb() {
        case 0: _ = bits.golomb()
        case 1:
            _ = bits.read(1)
            _ = bits.golomb()
            _ = bits.golomb()
            let cycle = bits.golomb()
            guard cycle <= 255 else { return nil }
            for _ in 0..<cycle { _ = bits.golomb() }
        default: break
        }
        _ = bits.golomb()
        _ = bits.read(1)
        let macroblocksWide = bits.golomb() + 1
        let mapUnitsHigh = bits.golomb() + 1
        let isFrameOnly = bits.read(1)
        if isFrameOnly == 0 { _ = bits.read(1) }
        _ = bits.read(1)
        var crop = [0, 0, 0, 0]
        if bits.read(1) == 1 { for side in 0..<4 { crop[side] = bits.golomb() } }
        guard !bits.isExhausted, macroblocksWide <= 1024, mapUnitsHigh <= 1024, crop.allSatisfy({ $0 < 1 << 14 }) else { return nil }
        let unitX = chroma == 1 || chroma == 2 ? 2 : 1
        let unitY = (chroma == 1 ? 2 : 1) * (2 - isFrameOnly)
        width = macroblocksWide * 16 - unitX * (crop[0] + crop[1])
        height = mapUnitsHigh * 16 * (2 - isFrameOnly) - unitY * (crop[2] + crop[3])
        guard width > 0, height > 0 else { return nil }
        frameRate = Self.timing(&bits)
    }

    private static func timing(_ bits: inout BitReader) -> Double? {
        guard bits.read(1) == 1 else { return nil }
        if bits.read(1) == 1, bits.read(8) == 255 { _ = bits.read(32) }
        if bits.read(1) == 1 { _ = bits.read(1) }
        if bits.read(1) == 1 {
            _ = bits.read(4)
            if bits.read(1) == 1 { _ = bits.read(24) }
        }
        if bits.read(1) == 1 {
            _ = bits.golomb()
            _ = bits.golomb()
        }
        guard bits.read(1) == 1 else { return nil }
        let tick = bits.read(32)
        let scale = bits.read(32)
        guard !bits.isExhausted, tick > 0, scale > 0 else { return nil }
        let rate = Double(scale) / Double(tick) / 2
        return rate >= 1 && rate <= 1000 ? rate : nil
    }
}

/// Reads bits; past the end it reads zeros and says so.
struct BitReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Parameter unit: a NAL unit with its header byte, emulation prevention still in.
    init(payloadOf unit: [UInt8]) {
        var payload: [UInt8] = []
        var zeros = 0
        for byte in unit.dropFirst() {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            payload.append(byte)
        }
        bytes = payload
    }

    var isExhausted: Bool { position > bytes.count * 8 }

    mutating func read(_ count: Int) -> Int {
        var value = 0
        for _ in 0..<count {
            let bit = position < bytes.count * 8 ? Int(bytes[position / 8] >> UInt8(7 - position % 8)) & 1 : 0
            value = value << 1 | bit
            position += 1
        }
        return value
    }

    /// Unsigned Exp-Golomb code.
    mutating func golomb() -> Int {
        var zeros = 0
        while zeros < 32, !isExhausted, read(1) == 0 { zeros += 1 }
        return (1 << zeros) - 1 + read(zeros)
    }

    mutating func skipScalingList(_ size: Int) {
        var last = 8
        var next = 8
        for _ in 0..<size {
            if next != 0 {
                let code = golomb()
                let delta = code & 1 == 1 ? (code + 1) / 2 : -(code / 2)
                next = (last + delta + 256) % 256
            }
            last = next == 0 ? last : next
        }
    }
}
