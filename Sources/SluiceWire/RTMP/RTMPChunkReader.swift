package import NIOCore

/// Chunks in, messages out. Feed bytes as they come; a message that lies in one chunk is a slice of what was fed, not a copy.
package struct RTMPChunkReader {
    package struct Limits: Sendable {
        /// A 4K key frame stays well below.
        package var largestMessage = 8 << 20
        /// Real peers use four or five.
        package var mostChunkStreams = 64
        package init() {}
    }

    private struct ChunkStream {
        var timestamp: UInt32 = 0
        var delta: UInt32 = 0
        var length = 0
        var kind: UInt8 = 0
        var stream: UInt32 = 0
        var isExtended = false
        var hasHeader = false
        var payload = ByteBuffer()
    }

    private let limits: Limits
    private var chunkSize = 128
    private var streams: [UInt32: ChunkStream] = [:]
    private var bytes = ByteBuffer()
    /// All bytes fed so far, for acknowledgements; wraps as the wire's counter does.
    package private(set) var received: UInt32 = 0

    package init(limits: Limits = .init()) { self.limits = limits }

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
                if let id = whole.payload.getInteger(at: whole.payload.readerIndex, as: UInt32.self) { streams[id]?.payload.clear() }
            case .some(let whole): return whole
            }
        }
    }

    private mutating func setChunkSize(_ message: RTMPMessage) throws(RTMPError) {
        guard let size = message.payload.getInteger(at: message.payload.readerIndex, as: UInt32.self), size >= 1, size < 1 << 31 else {
            throw RTMPError("chunk size 0 or missing; 1 to 16777215 is right")
        }
        // A chunk is never longer than its message, so a larger size means the same.
        chunkSize = min(Int(size), 0xff_ffff)
    }

    /// One chunk. Outer `nil`: more bytes are needed and nothing was consumed; inner `nil`: its message is not complete yet.
    private mutating func chunk() throws(RTMPError) -> RTMPMessage?? {
        var cursor = bytes.readerIndex
        func byte(_ offset: Int = 0) -> UInt32? { bytes.getInteger(at: cursor + offset, as: UInt8.self).map(UInt32.init) }
        guard let first = byte() else { return nil }
        let format = first >> 6
        var id = first & 0x3f
        cursor += 1
        if id == 0 {
            guard let low = byte() else { return nil }
            id = 64 + low
            cursor += 1
        } else if id == 1 {
            guard let low = byte(), let high = byte(1) else { return nil }
            id = 64 + low + high << 8
            cursor += 2
        }
        var stream: ChunkStream
        if let known = streams[id] {
            stream = known
        } else {
            guard format == 0 || format == 1 else {
                throw RTMPError("chunk stream \(id) begins with a type \(format) header, which leans on one before it; begin with type 0")
            }
            guard streams.count < limits.mostChunkStreams else {
                throw RTMPError("more than \(limits.mostChunkStreams) chunk streams")
            }
            stream = ChunkStream()
        }
        let continues = stream.payload.readableBytes > 0
        var time: UInt32 = 0
        if format < 3 {
            guard let a = byte(), let b = byte(1), let c = byte(2) else { return nil }
            time = a << 16 | b << 8 | c
            cursor += 3
            if format < 2 {
                guard let a = byte(), let b = byte(1), let c = byte(2), let kind = byte(3) else { return nil }
                stream.length = Int(a << 16 | b << 8 | c)
                stream.kind = UInt8(kind)
                cursor += 4
            }
            if format == 0 {
                guard let id = bytes.getInteger(at: cursor, endianness: .little, as: UInt32.self) else { return nil }
                stream.stream = id
                cursor += 4
            }
            stream.isExtended = time == 0xff_ffff
        }
        if stream.isExtended {
            guard let extended = bytes.getInteger(at: cursor, as: UInt32.self) else { return nil }
            // Some senders leave the extended field out of continuation chunks: there it is only taken when it repeats.
            if format < 3 {
                time = extended
                cursor += 4
            } else if extended == stream.timestamp || extended == stream.delta {
                cursor += 4
            }
        }
        guard stream.length <= limits.largestMessage else {
            throw RTMPError("a message of \(stream.length) bytes; \(limits.largestMessage) is the limit")
        }
        let wanted = min(chunkSize, stream.length - stream.payload.readableBytes)
        guard let content = bytes.getSlice(at: cursor, length: max(0, wanted)) else { return nil }
        if !continues {
            switch format {
            case 0:
                stream.timestamp = time
                stream.delta = 0
            case 1, 2:
                stream.delta = time
                stream.timestamp &+= time
            default:
                stream.timestamp &+= stream.delta
            }
        }
        bytes.moveReaderIndex(to: cursor + content.readableBytes)
        if content.readableBytes == stream.length {
            stream.payload = content
        } else {
            if !continues { stream.payload = ByteBufferAllocator().buffer(capacity: stream.length) }
            stream.payload.writeImmutableBuffer(content)
        }
        guard stream.payload.readableBytes == stream.length else {
            streams[id] = stream
            return .some(nil)
        }
        let message = RTMPMessage(kind: stream.kind, timestamp: stream.timestamp, stream: stream.stream, payload: stream.payload)
        stream.payload = ByteBuffer()
        streams[id] = stream
        return .some(message)
    }
}
