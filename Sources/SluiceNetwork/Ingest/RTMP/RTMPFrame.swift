import NIOCore
import SluiceWire

/// A publisher's message as every viewer gets it: chunked, on the one message stream.
struct RTMPFrame: Sendable {
    enum Kind: Sendable {
        case metadata, videoHeader, audioHeader, keyFrame, video, audio

        /// Viewers get headers even while they wait for a key frame.
        var isHeader: Bool {
            switch self {
            case .metadata, .videoHeader, .audioHeader: true
            case .keyFrame, .video, .audio: false
            }
        }

        /// By the first bytes of the FLV tag (Adobe's FLV 10.1 §E.4.2.1, §E.4.3.1; enhanced RTMP sets the top bit of the first).
        init(_ message: RTMPMessage) {
            let start = message.payload.readerIndex
            let first = message.payload.getInteger(at: start, as: UInt8.self) ?? 0
            let second = message.payload.getInteger(at: start + 1, as: UInt8.self) ?? 1
            switch message.kind {
            case RTMPMessage.Kind.video:
                let isHeader = first & 0x80 != 0 ? first & 0x0f == 0 : second == 0 && (first & 0x0f == 7 || first & 0x0f == 12)
                self = isHeader ? .videoHeader : first >> 4 & 7 == 1 ? .keyFrame : .video
            case RTMPMessage.Kind.audio:
                self = first >> 4 == 10 && second == 0 ? .audioHeader : .audio
            default: self = .metadata
            }
        }
    }

    /// `@setDataFrame` is for servers: viewers get what follows it.
    private static let setDataFrame = ByteBuffer(bytes: [2, 0, 13] + Array("@setDataFrame".utf8))

    let kind: Kind
    /// Whether a viewer that waits can begin here.
    let opensPlayback: Bool
    let bytes: ByteBuffer

    init(_ kind: Kind, _ message: RTMPMessage, opensPlayback: Bool) {
        self.kind = kind
        self.opensPlayback = opensPlayback
        var message = message
        message.stream = RTMPServerSession.messageStream
        let chunkStream: UInt8
        switch message.kind {
        case RTMPMessage.Kind.audio: chunkStream = 4
        case RTMPMessage.Kind.video: chunkStream = 6
        default:
            chunkStream = 5
            let prefix = Self.setDataFrame
            if message.payload.getSlice(at: message.payload.readerIndex, length: prefix.readableBytes) == prefix {
                message.payload.moveReaderIndex(forwardBy: prefix.readableBytes)
            }
        }
        let size = message.payload.readableBytes
        // A full header, and up to five bytes for each further chunk.
        var bytes = ByteBufferAllocator().buffer(capacity: size + 16 + size / RTMPChunkWriter.chunkSize * 5)
        RTMPChunkWriter.write(message, chunkStream: chunkStream, into: &bytes)
        self.bytes = bytes
    }
}
