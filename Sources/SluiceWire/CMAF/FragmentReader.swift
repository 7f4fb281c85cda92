import NIOCore

/// What a fragment of `MovieFragment` says of one track.
struct FragmentTrack {
    var track: UInt32
    /// Of its first sample, and where its last one ends.
    var decodeTime: UInt64
    var end: UInt64
    /// The first sample.
    var offset: Int32
    var payload: ByteBuffer
}

/// Reads fragments of our own back. What is not of our making gives fewer tracks, or none.
enum FragmentReader {
    static func tracks(of fragment: ByteBuffer) -> [FragmentTrack] {
        var fragment = fragment
        let start = fragment.readerIndex
        guard var moof = box("moof", in: &fragment) else { return [] }
        var tracks: [FragmentTrack] = []
        while let head = peek(moof) {
            guard var content = moof.readSlice(length: head.size) else { break }
            content.moveReaderIndex(forwardBy: 8)
            if head.type == "traf", let track = track(&content, in: fragment, from: start) { tracks.append(track) }
        }
        return tracks
    }

    private static func peek(_ buffer: ByteBuffer) -> (size: Int, type: String)? {
        guard let size = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self), size >= 8, Int(size) <= buffer.readableBytes,
            let type = buffer.getString(at: buffer.readerIndex + 4, length: 4)
        else { return nil }
        return (Int(size), type)
    }

    private static func box(_ type: String, in buffer: inout ByteBuffer) -> ByteBuffer? {
        while let head = peek(buffer) {
            guard var content = buffer.readSlice(length: head.size) else { return nil }
            content.moveReaderIndex(forwardBy: 8)
            if head.type == type { return content }
        }
        return nil
    }

    private static func track(_ traf: inout ByteBuffer, in fragment: ByteBuffer, from start: Int) -> FragmentTrack? {
        guard var header = box("tfhd", in: &traf), var time = box("tfdt", in: &traf), var run = box("trun", in: &traf),
            let headerFlags = header.readInteger(as: UInt32.self), let track = header.readInteger(as: UInt32.self),
            time.readInteger(as: UInt32.self) != nil, let decodeTime = time.readInteger(as: UInt64.self),
            let flags = run.readInteger(as: UInt32.self), let count = run.readInteger(as: UInt32.self),
            let dataOffset = run.readInteger(as: UInt32.self)
        else { return nil }
        let oneDuration = headerFlags & 0x8 != 0 ? header.readInteger(as: UInt32.self) ?? 0 : 0
        if flags & 0x4 != 0 { _ = run.readInteger(as: UInt32.self) }
        var end = decodeTime
        var first: (size: UInt32, offset: Int32)?
        for _ in 0..<count {
            let duration = flags & 0x100 != 0 ? run.readInteger(as: UInt32.self) : oneDuration
            guard let duration, let size = run.readInteger(as: UInt32.self) else { return nil }
            if flags & 0x400 != 0 { _ = run.readInteger(as: UInt32.self) }
            let offset = flags & 0x800 != 0 ? run.readInteger(as: Int32.self) ?? 0 : 0
            if first == nil { first = (size, offset) }
            end += UInt64(duration)
        }
        guard let first, let payload = fragment.getSlice(at: start + Int(dataOffset), length: Int(first.size)) else { return nil }
        return FragmentTrack(track: track, decodeTime: decodeTime, end: end, offset: first.offset, payload: payload)
    }
}
