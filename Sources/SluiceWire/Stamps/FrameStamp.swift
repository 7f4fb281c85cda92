package import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The wall clock in an SEI message of an H.264 frame (`user_data_unregistered`, ITU-T H.264 §D.2.7): how old a frame is can be read
/// off wherever its bytes arrive.
///
/// After our identifier come eight bytes with seven bits of the time each, the highest first, and the eighth bit set: without a zero
/// byte nothing needs escaping, and the identifier can be looked for in bytes of any container.
package enum FrameStamp {
    private static let identifier: [UInt8] = [
        0xb7, 0x1d, 0x5e, 0x8a, 0x33, 0xc6, 0x4f, 0x92, 0xa5, 0x51, 0x6c, 0xd8, 0x2b, 0xe4, 0x79, 0x9f,
    ]
    private static let timeSize = 8

    /// A whole NAL unit, without start code or length.
    package static func unit(microseconds: Int64) -> [UInt8] {
        let time = (0..<timeSize).map { UInt8(truncatingIfNeeded: microseconds >> (7 * (timeSize - 1 - $0))) | 0x80 }
        return [6, 5, UInt8(identifier.count + timeSize)] + identifier + time + [0x80]
    }

    /// Microseconds since 1970 of every stamp in the bytes, in their order.
    package static func stamps(in bytes: ByteBuffer) -> [Int64] {
        bytes.withUnsafeReadableBytes { stamps(in: $0) }
    }

    static func stamps(in bytes: UnsafeRawBufferPointer) -> [Int64] {
        var found: [Int64] = []
        var rest = bytes[...]
        while let (time, end) = first(in: UnsafeRawBufferPointer(rebasing: rest)) {
            found.append(time)
            rest = rest.dropFirst(end)
        }
        return found
    }

    /// - Returns: the first stamp, and where it ends.
    static func first(in bytes: UnsafeRawBufferPointer) -> (microseconds: Int64, end: Int)? {
        guard let base = bytes.baseAddress else { return nil }
        var place = 0
        while place + identifier.count + timeSize <= bytes.count {
            guard let next = memchr(base + place, Int32(identifier[0]), bytes.count - place) else { return nil }
            place = UnsafeRawPointer(next) - base
            let start = place + identifier.count
            guard start + timeSize <= bytes.count else { return nil }
            if bytes[place..<start].elementsEqual(identifier) {
                return (bytes[start..<start + timeSize].reduce(Int64(0)) { $0 << 7 | Int64($1 & 0x7f) }, start + timeSize)
            }
            place += 1
        }
        return nil
    }
}

/// A video frame as it arrives: when it is shown, and when it was stamped.
package struct StampedFrame: Hashable, Sendable {
    /// Ticks of 1/90 000 s; of 33 bits where the container is MPEG-TS.
    package var pts: Int64
    /// Microseconds since 1970; `nil` where an encoder has dropped the message.
    package var stamp: Int64?

    package init(pts: Int64, stamp: Int64?) {
        self.pts = pts
        self.stamp = stamp
    }
}
