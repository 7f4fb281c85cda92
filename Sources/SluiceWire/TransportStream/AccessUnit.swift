import NIOCore
import SluiceTypes

/// What the units of one picture say of it.
enum AccessUnit {
    /// Whether decoding can start with it: an IDR picture of H.264, an intra random access point of HEVC.
    ///
    /// - Parameter payload: with start codes. Only what stands before the picture's first slice is looked at.
    static func isKey(_ payload: ByteBuffer, _ codec: VideoCodec) -> Bool {
        payload.withUnsafeReadableBytes { bytes in
            var index = 0
            while index + 3 < bytes.count {
                if bytes[index + 2] > 1 {
                    index += 3
                } else if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
                    if let answer = slice(bytes[index + 3], codec) { return answer }
                    index += 3
                } else {
                    index += 1
                }
            }
            return false
        }
    }

    /// - Returns: `nil` for what is no slice.
    private static func slice(_ head: UInt8, _ codec: VideoCodec) -> Bool? {
        if codec == .h264 {
            let kind = head & 0x1f
            return (1...5).contains(kind) ? kind == 5 : nil
        }
        let kind = head >> 1 & 0x3f
        return kind < 32 ? (16...23).contains(kind) : nil
    }
}
