package import NIOCore

/// Messages into chunks, each with a full header: a few bytes more than needed, and no state, so one encoding serves all viewers.
package enum RTMPChunkWriter {
    /// What we announce with Set Chunk Size: most video messages fit into a handful.
    package static let chunkSize = 64 << 10
    /// In force until the announcement.
    package static let initialChunkSize = 128

    package static func write(_ message: RTMPMessage, chunkStream: UInt8, into bytes: inout ByteBuffer, chunkSize: Int = Self.chunkSize) {
        let isExtended = message.timestamp >= 0xff_ffff
        var payload = message.payload
        var isFirst = true
        repeat {
            bytes.writeInteger((isFirst ? 0 : 0xc0) | chunkStream)
            if isFirst {
                writeUInt24(isExtended ? 0xff_ffff : message.timestamp, into: &bytes)
                writeUInt24(UInt32(message.payload.readableBytes), into: &bytes)
                bytes.writeInteger(message.kind)
                bytes.writeInteger(message.stream, endianness: .little)
            }
            if isExtended { bytes.writeInteger(message.timestamp) }
            let length = min(chunkSize, payload.readableBytes)
            if let piece = payload.readSlice(length: length) { bytes.writeImmutableBuffer(piece) }
            isFirst = false
        } while payload.readableBytes > 0
    }

    private static func writeUInt24(_ value: UInt32, into bytes: inout ByteBuffer) {
        bytes.writeInteger(UInt8(truncatingIfNeeded: value >> 16))
        bytes.writeInteger(UInt16(truncatingIfNeeded: value))
    }
}
