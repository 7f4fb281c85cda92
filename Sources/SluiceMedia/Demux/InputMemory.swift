internal import CFFmpeg
import NIOCore
import SluiceTypes

/// A segment's bytes, opened by libavformat: a whole one with every stream's parameters known as far as the bytes tell, one that is
/// still coming in with its streams named.
final class InputMemory {
    private let bytes: ByteBuffer
    private var position = 0
    /// Of a segment that is still coming in, and the piece of it that is being read.
    private let reader: FeedReader?
    private var piece = ByteBuffer()
    private var place = 0
    private var io: UnsafeMutablePointer<AVIOContext>?
    private(set) var context: UnsafeMutablePointer<AVFormatContext>?

    private static let blockSize: Int32 = 1 << 15
    /// Enough for the first key frame of a 4K stream; it ends early when all parameters are known.
    private static let probeSize: Int64 = 4 << 20
    /// Enough for the tables at a segment's head, and less than its first picture: to wait for more would delay that picture.
    private static let headSize: Int64 = 8 * 188

    /// - Throws: with a text that says what the bytes look like instead.
    init(_ bytes: ByteBuffer, container: SegmentContainer) throws(MediaError) {
        self.bytes = bytes
        reader = nil
        guard bytes.readableBytes > 0 else { throw MediaError("the body is empty") }
        if let strange = Self.mismatch(of: bytes, with: container) { throw MediaError(strange) }
        let context = try allocate()
        context.pointee.probesize = Self.probeSize
        context.pointee.max_analyze_duration = 1_000_000
        try open(container)
        let found = avformat_find_stream_info(self.context, nil)
        guard found >= 0 else { throw MediaError("no stream readable", code: found) }
    }

    /// MPEG-TS, read by waiting. Blocks until the head of it is there. Packets come out as they stand in the segment, unparsed.
    init(_ reader: FeedReader) throws(MediaError) {
        bytes = ByteBuffer()
        self.reader = reader
        let context = try allocate()
        context.pointee.probesize = Self.headSize
        context.pointee.flags |= AVFMT_FLAG_NOPARSE
        io?.pointee.seekable = 0
        try open(.mpegTS)
    }

    private func allocate() throws(MediaError) -> UnsafeMutablePointer<AVFormatContext> {
        _ = FFmpeg.isSilenced
        guard let block = av_malloc(Int(Self.blockSize)) else { throw MediaError("out of memory") }
        // Unretained: this object frees the context before it goes.
        io = avio_alloc_context(
            block.assumingMemoryBound(to: UInt8.self), Self.blockSize, 0, Unmanaged.passUnretained(self).toOpaque(),
            { opaque, block, count in
                guard let opaque, let block else { return sluice_error_eof }
                return Unmanaged<InputMemory>.fromOpaque(opaque).takeUnretainedValue().read(into: block, count)
            }, nil,
            { opaque, offset, whence in
                guard let opaque else { return -1 }
                return Unmanaged<InputMemory>.fromOpaque(opaque).takeUnretainedValue().seek(offset, whence)
            })
        guard let io else {
            av_free(block)
            throw MediaError("out of memory")
        }
        context = avformat_alloc_context()
        guard let context else { throw MediaError("out of memory") }
        context.pointee.pb = io
        context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        return context
    }

    private func open(_ container: SegmentContainer) throws(MediaError) {
        let format = av_find_input_format(container == .mpegTS ? "mpegts" : "mov")
        // Frees the context when it fails.
        let opened = avformat_open_input(&self.context, nil, format, nil)
        guard opened >= 0 else { throw MediaError("not readable as \(container.rawValue)", code: opened) }
    }

    deinit {
        avformat_close_input(&context)
        if let io { av_free(io.pointee.buffer) }
        avio_context_free(&io)
    }

    private func read(into block: UnsafeMutablePointer<UInt8>, _ limit: Int32) -> Int32 {
        if let reader { return read(from: reader, into: block, limit) }
        let count = min(Int(limit), bytes.readableBytes - position)
        guard count > 0 else { return sluice_error_eof }
        bytes.withUnsafeReadableBytes { source in
            UnsafeMutableRawBufferPointer(start: block, count: count).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: source[position..<position + count]))
        }
        position += count
        return Int32(count)
    }

    private func read(from reader: FeedReader, into block: UnsafeMutablePointer<UInt8>, _ limit: Int32) -> Int32 {
        while piece.readableBytes == 0 {
            // Why a feed was abandoned is asked at its end.
            guard case .piece(let next) = reader.next(at: place) else { return sluice_error_eof }
            piece = next
            place += 1
        }
        let count = min(Int(limit), piece.readableBytes)
        piece.readWithUnsafeReadableBytes { source in
            UnsafeMutableRawBufferPointer(start: block, count: count).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: source[..<count]))
            return count
        }
        return Int32(count)
    }

    private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        guard reader == nil else { return -1 }
        let size = Int64(bytes.readableBytes)
        if whence & Int32(sluice_seek_size) != 0 { return size }
        let base: Int64 =
            switch whence & 3 {
            case 1: Int64(position)
            case 2: size
            default: 0
            }
        let (target, overflow) = base.addingReportingOverflow(offset)
        guard !overflow, target >= 0, target <= size else { return -1 }
        position = Int(target)
        return target
    }

    /// What the bytes are when they are clearly not the container that was announced.
    private static func mismatch(of bytes: ByteBuffer, with container: SegmentContainer) -> String? {
        let head = bytes.getBytes(at: bytes.readerIndex, length: min(12, bytes.readableBytes)) ?? []
        let isBox = head.count >= 8 && ["ftyp", "styp", "moov", "moof", "sidx"].contains(String(decoding: head[4..<8], as: UTF8.self))
        let looks: String? =
            if head.starts(with: [0xff, 0xd8, 0xff]) {
                "a JPEG picture"
            } else if head.starts(with: [0x89, 0x50, 0x4e, 0x47]) {
                "a PNG picture"
            } else if isBox && container != .mp4 {
                "MP4"
            } else if head.first == 0x47 && container != .mpegTS {
                "MPEG-TS"
            } else {
                nil
            }
        guard let looks else { return nil }
        return "the body is \(looks), not \(container == .mpegTS ? "MPEG-TS" : "MP4"); name it and send it as what it is"
    }
}
