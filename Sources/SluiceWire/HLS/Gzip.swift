internal import CZlib
package import NIOCore

package enum Gzip {
    /// - Returns: `nil` when memory runs out; the plain bytes serve as well then.
    package static func compress(_ bytes: ByteBuffer) -> ByteBuffer? {
        let capacity = sluice_gzip_bound(bytes.readableBytes)
        var output = ByteBufferAllocator().buffer(capacity: capacity)
        let written = output.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { room in
            bytes.withUnsafeReadableBytes { sluice_gzip($0.baseAddress, $0.count, room.baseAddress, room.count) }
        }
        return written > 0 ? output : nil
    }
}
