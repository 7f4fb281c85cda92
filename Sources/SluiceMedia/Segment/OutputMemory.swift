internal import CFFmpeg
import NIOCore
import SluiceTypes

/// Where a muxer writes: one growing `ByteBuffer`, hashed on the way if asked.
///
/// The buffer's capacity is a power of two, but its unwritten tail is never touched, so it takes no memory.
final class OutputMemory {
    var bytes: ByteBuffer
    private var hash: Keccak256?
    private(set) var context: UnsafeMutablePointer<AVIOContext>?

    /// 174 packets of MPEG-TS.
    private static let blockSize: Int32 = 188 * 174

    init(capacity: Int, hashing: Bool) throws(MediaError) {
        bytes = ByteBufferAllocator().buffer(capacity: capacity)
        hash = hashing ? Keccak256() : nil
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
        hash?.update(block)
    }

    /// Keccak-256 of all bytes so far; `nil` when not asked for.
    var digest: [UInt8]? { hash?.finalize() }
}
