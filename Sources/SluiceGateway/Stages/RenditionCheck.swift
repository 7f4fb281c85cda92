import NIOCore
import SluiceTypes

/// Whether what came back is media of its container: enough to tell an error page, noise or half a file from a segment. Nothing is
/// decoded; a walk over the headers costs microseconds.
enum RenditionCheck {
    private static let packet = 188
    private static let syncByte: UInt8 = 0x47
    /// Size and name.
    private static let boxHeader = 8
    private static let longBoxHeader = 16

    /// - Returns: what is wrong, for a person; `nil` when nothing is.
    static func objection(to bytes: ByteBuffer, as container: SegmentContainer) -> String? {
        switch container {
        case .mpegTS: bytes.withUnsafeReadableBytes(transportStream)
        case .mp4: mp4(bytes)
        }
    }

    /// Whole packets, each with its sync byte.
    private static func transportStream(_ bytes: UnsafeRawBufferPointer) -> String? {
        for start in stride(from: 0, to: bytes.count, by: packet) where bytes[start] != syncByte {
            return "no MPEG-TS packet begins at byte \(start)"
        }
        return bytes.count % packet == 0 ? nil : "its last MPEG-TS packet has \(bytes.count % packet) of \(packet) bytes"
    }

    /// Boxes from end to end, a description and media among them.
    private static func mp4(_ bytes: ByteBuffer) -> String? {
        var bytes = bytes
        let size = bytes.readableBytes
        var names: Set<String> = []
        while bytes.readableBytes > 0 {
            let place = size - bytes.readableBytes
            guard let head = header(at: bytes) else { return "no MP4 box begins at byte \(place)" }
            guard head.size <= bytes.readableBytes else {
                return "its MP4 box \(head.name) has \(bytes.readableBytes) of \(head.size) bytes"
            }
            names.insert(head.name)
            bytes.moveReaderIndex(forwardBy: head.size)
        }
        guard names.contains("mdat") else { return "no MP4 box with media in it" }
        return names.contains("moov") || names.contains("moof") ? nil : "no MP4 box that describes its media"
    }

    private static func header(at bytes: ByteBuffer) -> (name: String, size: Int)? {
        var bytes = bytes
        let rest = bytes.readableBytes
        guard let short: UInt32 = bytes.readInteger(), let name = bytes.readString(length: 4),
            name.utf8.count == 4, name.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else { return nil }
        switch short {
        // To the end of the file.
        case 0: return (name, rest)
        case 1:
            guard let long: UInt64 = bytes.readInteger(), let size = Int(exactly: long), size >= longBoxHeader else { return nil }
            return (name, size)
        default: return Int(short) >= boxHeader ? (name, Int(short)) : nil
        }
    }
}
