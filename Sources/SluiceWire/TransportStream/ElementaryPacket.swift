import NIOCore

/// One PES packet while it comes in (ISO/IEC 13818-1 §2.4.3.6).
struct ElementaryPacket {
    struct Head: Hashable {
        /// On the 33-bit clock, in ticks; `nil` where it does not say.
        var pts: Int64?
        var dts: Int64?
        /// Bytes behind the head; `nil` where it does not say, which only pictures may do.
        var length: Int?
    }

    /// Start code, stream, length, flags, and the length of what follows.
    private static let shortestHead = 9

    private(set) var head: Head?
    /// What lies behind the head, once that is whole.
    private(set) var payload: ByteBuffer
    private let limit: Int

    /// - Parameter limit: bytes with its head; more is refused.
    init(limit: Int, capacity: Int) {
        self.limit = limit
        payload = ByteBufferAllocator().buffer(capacity: capacity)
    }

    /// Whether all of it is here; only where its length is known.
    var isWhole: Bool { head?.length.map { $0 == payload.readableBytes } ?? false }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(TransportPacket.Malformed) {
        guard payload.readableBytes + bytes.count <= limit else { throw .init("belongs to a PES packet of more than \(limit) bytes") }
        payload.writeBytes(bytes)
        if head == nil { try readHead() }
        if let length = head?.length, payload.readableBytes > length {
            throw .init("belongs to a PES packet that has \(payload.readableBytes) bytes and announced \(length)")
        }
    }

    private mutating func readHead() throws(TransportPacket.Malformed) {
        let start = payload.readerIndex
        func byte(_ place: Int) -> Int { Int(payload.getInteger(at: start + place, as: UInt8.self) ?? 0) }
        guard payload.readableBytes >= Self.shortestHead else { return }
        guard byte(0) == 0, byte(1) == 0, byte(2) == 1 else { throw .init("begins a PES packet without its start code") }
        guard byte(6) & 0xc0 == 0x80 else { throw .init("begins a PES packet of stream \(byte(3)) whose head cannot be read") }
        let size = Self.shortestHead + byte(8)
        guard payload.readableBytes >= size else { return }
        var head = Head()
        let flags = byte(7) >> 6
        if flags & 2 != 0 {
            let needed = flags == 3 ? 10 : 5
            guard byte(8) >= needed else { throw .init("begins a PES packet whose head has no room for its times") }
            head.pts = try time(at: start + 9)
            head.dts = flags == 3 ? try time(at: start + 14) : head.pts
        }
        let announced = byte(4) << 8 | byte(5)
        if announced > 0 {
            // It counts from behind itself.
            let length = announced + 6 - size
            guard length >= 0 else { throw .init("begins a PES packet shorter than its head") }
            head.length = length
        }
        payload.moveReaderIndex(forwardBy: size)
        self.head = head
    }

    private func time(at place: Int) throws(TransportPacket.Malformed) -> Int64 {
        let bytes = (0..<5).map { Int64(payload.getInteger(at: place + $0, as: UInt8.self) ?? 0) }
        guard bytes[0] & 1 == 1, bytes[2] & 1 == 1, bytes[4] & 1 == 1 else { throw .init("begins a PES packet whose times cannot be read") }
        return (bytes[0] >> 1 & 7) << 30 | bytes[1] << 22 | (bytes[2] >> 1) << 15 | bytes[3] << 7 | bytes[4] >> 1
    }
}
