import NIOCore

/// Writes the boxes of ISO/IEC 14496-12, big-endian, each size filled in when its content is known.
struct BoxWriter {
    private(set) var bytes: ByteBuffer

    init(capacity: Int) { bytes = ByteBufferAllocator().buffer(capacity: capacity) }

    /// - Parameter type: four ASCII characters.
    mutating func box(_ type: StaticString, _ content: (inout BoxWriter) -> Void) {
        let start = bytes.writerIndex
        bytes.writeInteger(UInt32(0))
        bytes.writeStaticString(type)
        content(&self)
        bytes.setInteger(UInt32(truncatingIfNeeded: bytes.writerIndex - start), at: start)
    }

    mutating func fullBox(_ type: StaticString, version: UInt8 = 0, flags: UInt32 = 0, _ content: (inout BoxWriter) -> Void) {
        box(type) { writer in
            writer.put(UInt32(version) << 24 | flags)
            content(&writer)
        }
    }

    mutating func put<Integer: FixedWidthInteger>(_ value: Integer) { bytes.writeInteger(value) }

    mutating func put(_ text: StaticString) { bytes.writeStaticString(text) }

    mutating func put(_ content: some Sequence<UInt8>) { bytes.writeBytes(content) }

    mutating func put(_ content: ByteBuffer) { bytes.writeImmutableBuffer(content) }

    mutating func zeros(_ count: Int) { bytes.writeRepeatingByte(0, count: count) }

    /// Fills in what was not known before; nothing moves.
    mutating func set(_ value: UInt32, at index: Int) { bytes.setInteger(value, at: index) }

    var position: Int { bytes.writerIndex }
}
