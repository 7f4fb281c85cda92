import NIOCore
import SluiceTypes

extension ByteBuffer {
    /// The same transport stream on another clock: each packet of pictures and sound is later by `time`.
    func shifted(by time: MediaTime) -> ByteBuffer {
        var bytes = Array(readableBytesView)
        for packet in stride(from: 0, to: bytes.count - 187, by: 188) where bytes[packet + 1] & 0x40 != 0 {
            let hasAdaptation = bytes[packet + 3] & 0x20 != 0
            let start = packet + 4 + (hasAdaptation ? 1 + Int(bytes[packet + 4]) : 0)
            guard start + 19 <= packet + 188, bytes[start..<start + 3].elementsEqual([0, 0, 1]) else { continue }
            let flags = bytes[start + 7]
            if flags & 0x80 != 0 { Self.shift(&bytes, start + 9, time.ticks) }
            if flags & 0x40 != 0 { Self.shift(&bytes, start + 14, time.ticks) }
        }
        return ByteBuffer(bytes: bytes)
    }

    /// Of ISO 13818-1, 2.4.3.7: 33 bits in five bytes, with markers between.
    private static func shift(_ bytes: inout [UInt8], _ place: Int, _ ticks: Int64) {
        let old =
            Int64(bytes[place] >> 1 & 7) << 30 | Int64(bytes[place + 1]) << 22 | Int64(bytes[place + 2] >> 1) << 15
            | Int64(bytes[place + 3]) << 7 | Int64(bytes[place + 4] >> 1)
        let new = (old + ticks) & (1 << 33 - 1)
        bytes[place] = bytes[place] & 0xF1 | UInt8(new >> 30 & 7) << 1
        bytes[place + 1] = UInt8(new >> 22 & 0xFF)
        bytes[place + 2] = UInt8(new >> 15 & 0x7F) << 1 | 1
        bytes[place + 3] = UInt8(new >> 7 & 0xFF)
        bytes[place + 4] = UInt8(new & 0x7F) << 1 | 1
    }
}
