package import NIOCore

/// Finds where an MPEG-TS stream can be cut so that each piece plays by itself: before the tables that stand in front of a key frame.
package struct TransportStreamSplitter: Sendable {
    package struct Part: Sendable {
        package var bytes: ByteBuffer
        /// A segment may begin with these bytes.
        package var beginsSegment: Bool

        package init(bytes: ByteBuffer, beginsSegment: Bool) {
            self.bytes = bytes
            self.beginsSegment = beginsSegment
        }
    }

    private static let packetSize = 188
    private static let sync: UInt8 = 0x47
    private static let nullPacket = 0x1FFF
    /// Of tables that stand in front of one key frame; the largest programme map has six packets. More go on as what they are: nothing that
    /// a segment could begin with.
    private static let mostTables = 64 * packetSize

    private var rest = ByteBuffer()
    /// Tables that came since the last packet of media: they belong to what follows.
    private var tables = ByteBuffer()
    private var tablePackets: Set<Int> = [0, 0x11]
    private var hasPictures = false

    package init() {}

    /// - Returns: the same bytes, parted; some are held back until more comes.
    package mutating func consume(_ bytes: ByteBuffer) -> [Part] {
        rest.writeImmutableBuffer(bytes)
        var parts: [Part] = []
        var begun = ByteBuffer()
        while let packet = rest.readSlice(length: Self.packetSize) {
            let identifier = Self.identifier(of: packet)
            if let identifier, tablePackets.contains(identifier) {
                if identifier == 0 { learn(packet) }
                if tables.readableBytes >= Self.mostTables {
                    begun.writeImmutableBuffer(tables)
                    tables = ByteBuffer()
                }
                tables.writeImmutableBuffer(packet)
                continue
            }
            if isRandomAccess(packet) {
                if begun.readableBytes > 0 { parts.append(Part(bytes: begun, beginsSegment: false)) }
                tables.writeImmutableBuffer(packet)
                parts.append(Part(bytes: tables, beginsSegment: true))
                begun = ByteBuffer()
            } else {
                begun.writeImmutableBuffer(tables)
                begun.writeImmutableBuffer(packet)
            }
            tables = ByteBuffer()
        }
        rest.discardReadBytes()
        if begun.readableBytes > 0 { parts.append(Part(bytes: begun, beginsSegment: false)) }
        return parts
    }

    /// What is left at the end of the stream.
    package mutating func finish() -> ByteBuffer {
        var left = tables
        left.writeImmutableBuffer(rest)
        (tables, rest) = (ByteBuffer(), ByteBuffer())
        return left
    }

    /// Whether it looks like a transport stream, by its first packets.
    package static func recognizes(_ bytes: ByteBuffer) -> Bool {
        let view = bytes.readableBytesView
        guard let first = view.first, first == sync else { return false }
        return view.count <= packetSize || view[view.startIndex + packetSize] == sync
    }

    /// The packets of the programme maps, from the association table.
    private mutating func learn(_ packet: ByteBuffer) {
        let view = packet.readableBytesView
        let base = view.startIndex
        // Header, pointer, table header; then four bytes a programme, up to the checksum.
        let pointer = Int(view[base + 4])
        let table = base + 5 + pointer
        guard table + 8 <= view.endIndex, view[table] == 0 else { return }
        let length = Int(view[table + 1] & 0x0F) << 8 | Int(view[table + 2])
        let end = min(table + 3 + length - 4, view.endIndex)
        var entry = table + 8
        while entry + 4 <= end {
            tablePackets.insert(Int(view[entry + 2] & 0x1F) << 8 | Int(view[entry + 3]))
            entry += 4
        }
    }

    private static func identifier(of packet: ByteBuffer) -> Int? {
        let view = packet.readableBytesView
        guard view[view.startIndex] == sync else { return nil }
        let identifier = Int(view[view.startIndex + 1] & 0x1F) << 8 | Int(view[view.startIndex + 2])
        return identifier == nullPacket ? nil : identifier
    }

    /// Whether decoding may begin at this packet, as its adaptation field says. In a stream with pictures it is they who count: every
    /// piece of sound says so.
    private mutating func isRandomAccess(_ packet: ByteBuffer) -> Bool {
        let bytes = packet.readableBytesView
        let base = bytes.startIndex
        guard bytes[base] == Self.sync, bytes[base + 1] & 0x40 != 0 else { return false }
        let hasAdaptation = bytes[base + 3] & 0x20 != 0
        let payload = base + 4 + (hasAdaptation ? 1 + Int(bytes[base + 4]) : 0)
        let isPicture = payload + 4 <= bytes.endIndex && (0xE0...0xEF).contains(bytes[payload + 3])
        hasPictures = hasPictures || isPicture
        guard hasAdaptation, bytes[base + 4] > 0, bytes[base + 5] & 0x40 != 0 else { return false }
        return isPicture || !hasPictures && tables.readableBytes > 0
    }
}
