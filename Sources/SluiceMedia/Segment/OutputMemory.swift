internal import CFFmpeg
import NIOCore
import SluiceTypes

/// Where a muxer writes: one growing `ByteBuffer`; renumbered and hashed on the way if asked.
///
/// The buffer's capacity is a power of two. Its tail is not touched here, but the heap may hand out memory that was: docs/Operating.md
/// has the figures and the switch. A copy into memory of just the size saves nought to a sixth, which is not worth a copy.
final class OutputMemory {
    private(set) var bytes: ByteBuffer
    /// For MPEG-TS whose counters go on.
    private(set) var counters: ContinuityCounters?
    private var hash: Keccak256?
    private(set) var context: UnsafeMutablePointer<AVIOContext>?

    /// 174 packets of MPEG-TS. The muxer writes whole packets, so a block never ends within one.
    private static let blockSize: Int32 = Int32(ContinuityCounters.packetSize) * 174

    init(capacity: Int, hashing: Bool, counters: ContinuityCounters? = nil) throws(MediaError) {
        bytes = ByteBufferAllocator().buffer(capacity: capacity)
        hash = hashing ? Keccak256() : nil
        self.counters = counters
        self.counters?.beginSegment()
        guard let block = av_malloc(Int(Self.blockSize)) else { throw MediaError("out of memory") }
        // Unretained: this object frees the context before it goes.
        context = avio_alloc_context(
            block.assumingMemoryBound(to: UInt8.self), Self.blockSize, 1, Unmanaged.passUnretained(self).toOpaque(), nil,
            { opaque, block, count in
                guard let opaque, let block, count > 0 else { return 0 }
                let memory = Unmanaged<OutputMemory>.fromOpaque(opaque).takeUnretainedValue()
                memory.append(UnsafeRawBufferPointer(start: block, count: Int(count)))
                return count
            }, nil)
        if context == nil {
            av_free(block)
            throw MediaError("out of memory")
        }
    }

    deinit {
        if let context { av_free(context.pointee.buffer) }
        avio_context_free(&context)
    }

    private func append(_ block: UnsafeRawBufferPointer) {
        bytes.writeBytes(block)
        guard counters != nil || hash != nil else { return }
        bytes.withUnsafeMutableReadableBytes { all in
            let fresh = UnsafeMutableRawBufferPointer(rebasing: all[(all.count - block.count)...])
            counters?.renumber(fresh)
            hash?.update(UnsafeRawBufferPointer(fresh))
        }
    }

    /// Gives out what came since the last time, for one who does without a whole.
    func take() -> ByteBuffer {
        defer { bytes = ByteBuffer() }
        return bytes
    }

    /// A copy of what came from `offset` on, for one who keeps the whole too: sharing it would make the next write copy everything.
    func copy(from offset: Int) -> ByteBuffer {
        ByteBuffer(bytes: bytes.readableBytesView[(bytes.readerIndex + offset)...])
    }

    /// Keccak-256 of all bytes so far; `nil` when not asked for.
    var digest: [UInt8]? { hash?.finalize() }
}
