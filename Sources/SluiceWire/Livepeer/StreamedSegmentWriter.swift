package import NIOCore
package import SluiceTypes

/// The frames of a streamed segment's answer (docs/Streaming-segments.md).
package enum StreamedSegmentFrame {
    package enum Kind: UInt8, Sendable {
        case bytes = 1, renditionEnd, finished, failure
    }

    /// Of docs/Streaming-segments.md; stands in `OrchestratorInfo.streamed_segments`.
    package static let version: UInt32 = 1
    /// Kind, rendition, and four bytes of length.
    package static let headerSize = 6
    /// Of one frame's payload. A picture is one frame nearly always, and a peer holds no more than one frame back.
    package static let longestBytes = 256 << 10
    package static let longestFailure = 4 << 10
    /// Keccak-256 and pixels.
    package static let endSize = 32 + 8
    /// Of a rendition: as for a segment (specs/transcoding-protocol §8).
    package static let longestRendition = 300_000_000
    /// Anything shorter is no segment (§8).
    package static let shortestRendition = 25

    package static func failure(_ failure: SegmentFailure) -> ByteBuffer {
        let text = TranscodeFailureText.text(for: failure).utf8.prefix(longestFailure)
        return frame(.failure, rendition: 0, ByteBuffer(bytes: text))
    }

    static func frame(_ kind: Kind, rendition: Int, _ payload: ByteBuffer) -> ByteBuffer {
        var frame = ByteBuffer()
        write(kind, rendition: rendition, payload, to: &frame)
        return frame
    }

    static func write(_ kind: Kind, rendition: Int, _ payload: ByteBuffer, to out: inout ByteBuffer) {
        out.reserveCapacity(out.writerIndex + headerSize + payload.readableBytes)
        out.writeInteger(kind.rawValue)
        out.writeInteger(UInt8(truncatingIfNeeded: rendition))
        out.writeInteger(UInt32(payload.readableBytes))
        out.writeImmutableBuffer(payload)
    }
}

/// Frames for what happens to a streamed segment.
package struct StreamedSegmentWriter: Sendable {
    private var hashes: [Keccak256]

    package init(renditions: Int) { hashes = Array(repeating: Keccak256(), count: renditions) }

    /// - Returns: `nil` for what the wire has no word for: that the segment was taken is said by the answer's head.
    package mutating func frames(for event: SegmentEvent) -> ByteBuffer? {
        switch event {
        case .accepted, .transcoded: return nil
        case .renditionBytes(let index, var bytes):
            guard hashes.indices.contains(index), bytes.readableBytes > 0 else { return nil }
            hashes[index].update(bytes)
            var out = ByteBuffer()
            while bytes.readableBytes > 0,
                let slice = bytes.readSlice(
                    length: min(bytes.readableBytes, StreamedSegmentFrame.longestBytes))
            {
                StreamedSegmentFrame.write(.bytes, rendition: index, slice, to: &out)
            }
            return out
        case .renditionComplete(let index, let facts):
            guard hashes.indices.contains(index) else { return nil }
            var payload = ByteBuffer(bytes: hashes[index].finalize())
            payload.writeInteger(UInt64(max(0, facts.pixels)))
            return StreamedSegmentFrame.frame(.renditionEnd, rendition: index, payload)
        case .finished: return StreamedSegmentFrame.frame(.finished, rendition: 0, ByteBuffer())
        }
    }
}
