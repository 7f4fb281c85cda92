import NIOCore
import SluiceTypes

/// Parts Opus in a transport stream into its packets: each has a head of its own that tells its length (ETSI TS 103 491; the form that
/// FFmpeg writes). They may be spread over several PES packets.
struct OpusFrames {
    struct Frame {
        var bytes: ByteBuffer
        /// From the PES packet's time.
        var offset: MediaTime
        var duration: MediaTime
        /// It began in an earlier PES packet.
        var isCarried: Bool
    }

    /// Of a packet with its head: 120 ms at 510 kbit/s have room.
    private static let longest = 8192
    private static let prefix: UInt8 = 0x7f

    private var carried = ByteBuffer()

    var isWithinFrame: Bool { carried.readableBytes > 0 }

    mutating func take(_ payload: ByteBuffer) throws(TransportPacket.Malformed) -> [Frame] {
        var rest = carried
        var isCarried = carried.readableBytes > 0
        carried = ByteBuffer()
        if isCarried { rest.writeImmutableBuffer(payload) } else { rest = payload }
        var frames: [Frame] = []
        var offset = MediaTime.zero
        while rest.readableBytes > 0 {
            let start = rest
            guard let bytes = try Self.next(&rest) else {
                guard start.readableBytes <= Self.longest else {
                    throw .init("carries \(start.readableBytes) bytes of a packet of Opus, which has \(Self.longest) at most")
                }
                carried = ByteBuffer(buffer: start)
                break
            }
            let duration = Self.duration(bytes)
            frames.append(Frame(bytes: bytes, offset: offset, duration: duration, isCarried: isCarried))
            if isCarried { isCarried = false } else { offset = offset + duration }
        }
        return frames
    }

    /// - Returns: `nil` when the packet is not whole yet.
    private static func next(_ rest: inout ByteBuffer) throws(TransportPacket.Malformed) -> ByteBuffer? {
        guard let first = rest.getInteger(at: rest.readerIndex, as: UInt8.self) else { return nil }
        guard rest.readableBytes >= 2, let second = rest.getInteger(at: rest.readerIndex + 1, as: UInt8.self) else { return nil }
        guard first == prefix, second & 0xe0 == 0xe0 else { throw .init("carries Opus without its head") }
        var head = rest
        head.moveReaderIndex(forwardBy: 2)
        var size = 0
        while true {
            guard let more = head.readInteger(as: UInt8.self) else { return nil }
            size += Int(more)
            guard size <= longest else { throw .init("announces a packet of Opus of \(size) bytes or more; one has \(longest) at most") }
            if more != 0xff { break }
        }
        // Samples to leave out at the begin and the end, and what is reserved.
        for flag in [UInt8(0x10), 0x08] where second & flag != 0 {
            guard head.readInteger(as: UInt16.self) != nil else { return nil }
        }
        if second & 0x04 != 0 {
            guard let length = head.readInteger(as: UInt8.self) else { return nil }
            guard head.readableBytes >= Int(length) else { return nil }
            head.moveReaderIndex(forwardBy: Int(length))
        }
        guard size > 0 else { throw .init("carries an empty packet of Opus") }
        guard let bytes = head.readSlice(length: size) else { return nil }
        rest = head
        return bytes
    }

    /// By its first bytes (RFC 6716 §3.1).
    static func duration(_ packet: ByteBuffer) -> MediaTime {
        guard let toc = packet.getInteger(at: packet.readerIndex, as: UInt8.self) else { return .zero }
        let configuration = toc >> 3
        // Ticks of one frame.
        let frame: Int64 =
            switch configuration {
            case 0..<12: [900, 1800, 3600, 5400][Int(configuration & 3)]
            case 12..<16: [900, 1800][Int(configuration & 1)]
            default: [225, 450, 900, 1800][Int(configuration & 3)]
            }
        let count: Int64 =
            switch toc & 3 {
            case 0: 1
            case 1, 2: 2
            default: Int64((packet.getInteger(at: packet.readerIndex + 1, as: UInt8.self) ?? 1) & 0x3f)
            }
        return MediaTime(ticks: frame * max(1, count))
    }
}
