package import NIOCore

/// The log of a container without a terminal: frames of eight bytes, stream, three zeros and a length, and what was written (Docker Engine
/// API, "Attach to a container").
package struct ContainerLogFrames: Sendable {
    private static let headLength = 8
    /// No frame; what follows cannot be read.
    package struct Malformed: Error {}

    private var held = ByteBuffer()
    /// Bytes of the frame that are still to come.
    private var open = 0

    package init() {}

    /// - Returns: what was written, of both streams, as they come.
    package mutating func take(_ piece: ByteBuffer) throws(Malformed) -> ByteBuffer {
        held.writeImmutableBuffer(piece)
        var written = ByteBuffer()
        while true {
            if open > 0 {
                guard var part = held.readSlice(length: min(open, held.readableBytes)), part.readableBytes > 0 else { break }
                open -= part.readableBytes
                written.writeBuffer(&part)
                continue
            }
            guard held.readableBytes >= Self.headLength, let head = held.readMultipleIntegers(as: (UInt32, UInt32).self) else { break }
            guard head.0 & 0x00ff_ffff == 0, head.0 >> 24 <= 2 else { throw Malformed() }
            open = Int(head.1)
        }
        held.discardReadBytes()
        return written
    }
}
