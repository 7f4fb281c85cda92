import NIOCore

/// Parts sound into its frames (ADTS, ISO/IEC 14496-3 §1.A.2.2). They may be spread over several PES packets.
struct ADTSFrames {
    struct Frame {
        var bytes: ByteBuffer
        /// Frames since the one that began first in this PES packet; `nil` for one that began in an earlier packet.
        var place: Int?
        /// Ticks of 1/90 000 s for a frame, times this rate.
        var sampleRate: Int
    }

    static let samples = 1024
    private static let head = 7
    private static let rates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350]

    /// The beginning of a frame; never longer than one, 8191 bytes.
    private var carried = ByteBuffer()

    var isWithinFrame: Bool { carried.readableBytes > 0 }

    mutating func take(_ payload: ByteBuffer) throws(TransportPacket.Malformed) -> [Frame] {
        let begun = carried.readableBytes
        var rest = carried
        carried = ByteBuffer()
        if begun > 0 { rest.writeImmutableBuffer(payload) } else { rest = payload }
        var frames: [Frame] = []
        var place = 0
        var isCarried = begun > 0
        while rest.readableBytes > 0 {
            let start = rest.readerIndex
            guard rest.readableBytes >= Self.head, let head = rest.getBytes(at: start, length: Self.head) else { break }
            guard head[0] == 0xff, head[1] & 0xf6 == 0xf0 else { throw .init("carries sound without an ADTS head") }
            let length = Int(head[3] & 3) << 11 | Int(head[4]) << 3 | Int(head[5] >> 5)
            let rate = Int(head[2] >> 2 & 0xf)
            guard length > Self.head, Self.rates.indices.contains(rate) else {
                throw .init("carries a frame of sound of \(length) bytes and rate \(rate), which is none")
            }
            guard let bytes = rest.readSlice(length: length) else { break }
            frames.append(Frame(bytes: bytes, place: isCarried ? nil : place, sampleRate: Self.rates[rate]))
            if isCarried { isCarried = false } else { place += 1 }
        }
        if rest.readableBytes > 0 { carried = ByteBuffer(buffer: rest) }
        return frames
    }
}
