internal import CKeccak
package import NIOCore

/// Ethereum's hash, fed piece by piece: Keccak-256 with the padding that SHA-3 later changed.
package struct Keccak256: Sendable {
    private var state = sluice_keccak256()

    package init() { sluice_keccak256_init(&state) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sluice_keccak256_update(&state, bytes.baseAddress, bytes.count)
    }

    /// Takes in the buffer's readable bytes.
    package mutating func update(_ buffer: ByteBuffer) {
        buffer.withUnsafeReadableBytes { update($0) }
    }

    /// - Returns: 32 bytes. The value itself stays as it was and can take more.
    package func finalize() -> [UInt8] {
        var state = state
        return [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            if let base = digest.baseAddress { sluice_keccak256_final(&state, base) }
            count = 32
        }
    }

    package static func hash(_ buffer: ByteBuffer) -> [UInt8] {
        var hash = Self()
        hash.update(buffer)
        return hash.finalize()
    }

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var hash = Self()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.finalize()
    }
}
