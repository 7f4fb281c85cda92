/// The facts of an `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1) that a container's header repeats.
package struct AudioSpecificConfig {
    package let objectType: Int
    /// As declared.
    package let sampleRate: Int
    package let channels: Int
    /// The configuration with its rate as a place in the table, as ADTS needs it: one given in full becomes the nearest.
    package let bytes: [UInt8]

    private static let rates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350]
    /// From which rate on a decoder uses the tables of each of `rates` (§4.5.1.1, table 4.82).
    private static let thresholds = [92_017, 75_132, 55_426, 46_009, 37_566, 27_713, 23_004, 18_783, 13_856, 11_502, 9_391, 0]
    /// The place that says: the rate follows in 24 bits.
    private static let explicit = 15
    /// Main, LC, SSR and LTP, and LC with spectral band replication, alone and with parametric stereo.
    private static let carriedInADTS: Set<Int> = [1, 2, 3, 4, 5, 29]
    /// A configuration with a long program description has some hundred bytes.
    private static let longest = 1024

    package var fitsADTS: Bool { Self.carriedInADTS.contains(objectType) }

    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.longest else { return nil }
        var bits = BitReader(bytes)
        let short = bits.read(5)
        objectType = short == 31 ? 32 + bits.read(6) : short
        let place = bits.read(4)
        if place == Self.explicit {
            let rate = bits.read(24)
            sampleRate = rate
            guard rate > 0 else { return nil }
            let nearest = Self.thresholds.firstIndex { rate >= $0 } ?? 0
            self.bytes = short == 31 ? bytes : Self.shortened(bytes, to: UInt8(nearest))
        } else {
            guard place < Self.rates.count else { return nil }
            sampleRate = Self.rates[place]
            self.bytes = bytes
        }
        let layout = bits.read(4)
        // Seven stands for 7.1; nought for a program description further on.
        channels = layout == 7 ? 8 : layout
        guard !bits.isExhausted else { return nil }
    }

    /// The 24 bits of the rate are three bytes: what stands behind them keeps its place within its byte.
    private static func shortened(_ bytes: [UInt8], to place: UInt8) -> [UInt8] {
        guard bytes.count > 4 else { return bytes }
        return [bytes[0] & 0xf8 | place >> 1, place << 7 | bytes[4] & 0x7f] + bytes[5...]
    }
}
