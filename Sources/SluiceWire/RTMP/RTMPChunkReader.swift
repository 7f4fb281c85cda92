package import NIOCore

/// Chunks in, messages out. Feed bytes as they come; a message that lies in one chunk is a slice of what was fed, not a copy.
package struct RTMPChunkReader {
    package struct Limits: Sendable {
        /// A 4K key frame stays well below.
        package var largestMessage = 8 << 20
        /// Until a publisher is let in there are commands only, of a few hundred bytes: strangers get no memory for more.
        package var largestCommand = 64 << 10
        /// Real peers use four or five.
        package var mostChunkStreams = 64
        package init() {}
    }

    private struct ChunkStream {
        let id: UInt32
        var timestamp: UInt32 = 0
        var delta: UInt32 = 0
        var length = 0
        var kind: UInt8 = 0
        var stream: UInt32 = 0
        var isExtended = false
        /// What came of the message so far; empty between messages.
        var payload = ByteBuffer()
    }

    /// Room made for a message before its bytes are there; the rest grows as they come, so an announced length costs nothing.
    private static let firstReservation = 64 << 10

    private let limits: Limits
    /// What the peer may send at this time. What is on its way already stays.
    package var largestMessage: Int
    private var chunkSize = 128
    private var streams: [ChunkStream] = []
    /// Bytes in unfinished messages of all chunk streams.
    private var unfinished = 0
    private var bytes = ByteBuffer()
    /// All bytes fed so far, for acknowledgements; wraps as the wire's counter does.
    package private(set) var received: UInt32 = 0

    package init(limits: Limits = .init()) {
        self.limits = limits
        self.largestMessage = limits.largestMessage
    }

    package mutating func feed(_ new: inout ByteBuffer) {
        received &+= UInt32(truncatingIfNeeded: new.readableBytes)
        if bytes.readableBytes == 0 {
            bytes = new
        } else {
            bytes.discardReadBytes()
            bytes.writeBuffer(&new)
        }
        new.moveReaderIndex(to: new.writerIndex)
    }

    /// - Returns: `nil` when more bytes are needed. Chunk-size and abort messages are obeyed here and not returned.
    package mutating func next() throws(RTMPError) -> RTMPMessage? {
        while true {
            guard let message = try chunk() else { return nil }
            switch message {
            case .none: continue
            case .some(let whole) where whole.kind == RTMPMessage.Kind.setChunkSize: try setChunkSize(whole)
            case .some(let whole) where whole.kind == RTMPMessage.Kind.abort:
                abort(whole)
            case .some(let whole): return whole
            }
        }
    }

    private mutating func abort(_ message: RTMPMessage) {
        guard let id = message.payload.getInteger(at: message.payload.readerIndex, as: UInt32.self),
            let index = streams.firstIndex(where: { $0.id == id })
        else { return }
        drop(index)
    }

    private mutating func drop(_ index: Int) {
        unfinished -= streams[index].payload.readableBytes
        streams[index].payload = ByteBuffer()
    }

    private mutating func setChunkSize(_ message: RTMPMessage) throws(RTMPError) {
        guard let size = message.payload.getInteger(at: message.payload.readerIndex, as: UInt32.self), size >= 1, size < 1 << 31 else {
            throw RTMPError("chunk size 0 or missing; 1 to 16777215 is right")
        }
        // A chunk is never longer than its message, so a larger size means the same.
        chunkSize = min(Int(size), 0xff_ffff)
    }

    /// The header of one chunk, not yet taken into the state of its chunk stream.
    private struct Header {
        var format: UInt32
        var time: UInt32
        var length: Int
        var kind: UInt8
        var stream: UInt32
        var isExtended: Bool
        /// Where the chunk's bytes begin.
        var end: Int
    }

    /// One chunk. Outer `nil`: more bytes are needed and nothing was consumed; inner `nil`: its message is not complete yet.
    private mutating func chunk() throws(RTMPError) -> RTMPMessage?? {
        guard let (format, id, cursor) = basicHeader() else { return nil }
        let index: Int
        if let known = streams.firstIndex(where: { $0.id == id }) {
            index = known
        } else {
            guard format == 0 || format == 1 else {
                throw RTMPError("chunk stream \(id) begins with a type \(format) header, which leans on one before it; begin with type 0")
            }
            guard streams.count < limits.mostChunkStreams else {
                throw RTMPError("more than \(limits.mostChunkStreams) chunk streams")
            }
            index = streams.count
            streams.append(ChunkStream(id: id))
        }
        guard let header = messageHeader(format, streams[index], at: cursor) else { return nil }
        guard header.length <= largestMessage else {
            throw RTMPError("a message of \(header.length) bytes; \(largestMessage) is the limit")
        }
        // A new header in the middle of a message gives that message up.
        if header.format < 3, streams[index].payload.readableBytes > 0 { drop(index) }
        let before = streams[index].payload.readableBytes
        guard let content = bytes.getSlice(at: header.end, length: min(chunkSize, header.length - before)) else { return nil }
        bytes.moveReaderIndex(to: header.end + content.readableBytes)
        if before == 0 { begin(header, at: index) }
        if content.readableBytes == header.length { return message(index, content) }

        unfinished += content.readableBytes
        guard unfinished <= 2 * largestMessage else {
            throw RTMPError("\(unfinished) bytes in unfinished messages; \(2 * largestMessage) is the limit")
        }
        if before == 0 { streams[index].payload.reserveCapacity(min(header.length, Self.firstReservation)) }
        streams[index].payload.writeImmutableBuffer(content)
        guard streams[index].payload.readableBytes == header.length else { return .some(nil) }
        let whole = streams[index].payload
        drop(index)
        return message(index, whole)
    }

    private func message(_ index: Int, _ payload: ByteBuffer) -> RTMPMessage {
        let stream = streams[index]
        return RTMPMessage(kind: stream.kind, timestamp: stream.timestamp, stream: stream.stream, payload: payload)
    }

    private mutating func begin(_ header: Header, at index: Int) {
        streams[index].length = header.length
        streams[index].kind = header.kind
        streams[index].stream = header.stream
        streams[index].isExtended = header.isExtended
        switch header.format {
        case 0:
            streams[index].timestamp = header.time
            // A type 3 header right after a type 0 repeats its time as the step (RTMP 1.0 §5.3.1.2.4).
            streams[index].delta = header.time
        case 1, 2:
            streams[index].delta = header.time
            streams[index].timestamp &+= header.time
        default:
            streams[index].timestamp &+= streams[index].delta
        }
    }

    private func basicHeader() -> (format: UInt32, id: UInt32, end: Int)? {
        let start = bytes.readerIndex
        guard let first = byte(start) else { return nil }
        switch first & 0x3f {
        case 0:
            guard let low = byte(start + 1) else { return nil }
            return (first >> 6, 64 + low, start + 2)
        case 1:
            guard let low = byte(start + 1), let high = byte(start + 2) else { return nil }
            return (first >> 6, 64 + low + high << 8, start + 3)
        case let id: return (first >> 6, id, start + 1)
        }
    }

    private func messageHeader(_ format: UInt32, _ last: ChunkStream, at start: Int) -> Header? {
        var header = Header(
            format: format, time: 0, length: last.length, kind: last.kind, stream: last.stream, isExtended: last.isExtended, end: start)
        if format < 3 {
            guard let time = uint24(header.end) else { return nil }
            header.time = time
            header.isExtended = time == 0xff_ffff
            header.end += 3
        }
        if format < 2 {
            guard let length = uint24(header.end), let kind = byte(header.end + 3) else { return nil }
            header.length = Int(length)
            header.kind = UInt8(truncatingIfNeeded: kind)
            header.end += 4
        }
        if format == 0 {
            guard let id = bytes.getInteger(at: header.end, endianness: .little, as: UInt32.self) else { return nil }
            header.stream = id
            header.end += 4
        }
        guard header.isExtended else { return header }
        guard let extended = bytes.getInteger(at: header.end, as: UInt32.self) else { return nil }
        // Some senders leave the extended field out of type 3 chunks: there it is only taken when it repeats.
        if format < 3 || extended == last.timestamp || extended == last.delta { header.end += 4 }
        if format < 3 { header.time = extended }
        return header
    }

    private func byte(_ index: Int) -> UInt32? { bytes.getInteger(at: index, as: UInt8.self).map(UInt32.init) }

    private func uint24(_ index: Int) -> UInt32? {
        guard let high = byte(index), let low = bytes.getInteger(at: index + 1, as: UInt16.self) else { return nil }
        return high << 16 | UInt32(low)
    }
}
