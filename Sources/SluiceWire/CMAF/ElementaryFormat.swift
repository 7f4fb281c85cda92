import NIOCore
package import SluiceTypes

/// Brings packets out of MPEG-TS into the form of MP4: lengths for start codes, parameter sets and AAC's headers out of the packets
/// and into the configuration. Packets that have that form already go through as they are.
package struct ElementaryFormat: Sendable {
    package private(set) var video: VideoParameters?
    package private(set) var audio: AudioParameters?
    private let isVideoPrefixed: Bool
    private let isAudioBare: Bool
    private var parameterSets: [UInt8: [UInt8]] = [:]

    /// - Parameters: as the container tells; a configuration that is empty is looked for in the packets.
    package init(video: VideoParameters?, audio: AudioParameters?) {
        self.video = video
        self.audio = audio
        isVideoPrefixed = video.map { !$0.configuration.isEmpty || $0.codec != .h264 && $0.codec != .hevc } ?? true
        isAudioBare = audio.map { !$0.configuration.isEmpty || $0.codec != .aac } ?? true
    }

    /// Whether everything is known that an initialization segment says.
    package var isComplete: Bool {
        let hasVideo = video.map { isVideoPrefixed || !$0.configuration.isEmpty } ?? true
        let hasAudio = audio.map { isAudioBare || !$0.configuration.isEmpty } ?? true
        return hasVideo && hasAudio
    }

    /// - Returns: `nil` when nothing is left of it, or it cannot be read.
    package mutating func format(_ packet: EncodedPacket) -> EncodedPacket? {
        switch packet.track {
        case .video: isVideoPrefixed ? packet : prefixed(packet)
        case .audio: isAudioBare ? packet : bare(packet)
        }
    }

    private mutating func prefixed(_ packet: EncodedPacket) -> EncodedPacket? {
        let payload = packet.payload
        var output = ByteBufferAllocator().buffer(capacity: payload.readableBytes + 16)
        var isChanged = false
        for range in NALUnits.ranges(in: payload) {
            let start = payload.readerIndex + range.lowerBound
            guard let head = payload.getInteger(at: start, as: UInt8.self) else { continue }
            switch kind(head) {
            case .parameters(let type):
                guard let unit = payload.getBytes(at: start, length: range.count), parameterSets[type] != unit else { continue }
                parameterSets[type] = unit
                isChanged = true
            case .delimiter: break
            case .other:
                output.writeInteger(UInt32(range.count))
                if let unit = payload.getSlice(at: start, length: range.count) { output.writeImmutableBuffer(unit) }
            }
        }
        if isChanged, let record = configuration { video?.configuration = record }
        guard output.readableBytes > 0, video?.configuration.isEmpty == false else { return nil }
        var formatted = packet
        formatted.payload = output
        return formatted
    }

    private enum Kind {
        case parameters(UInt8)
        /// Marks an access unit's begin or end, which in MP4 the sample does.
        case delimiter
        case other
    }

    private func kind(_ head: UInt8) -> Kind {
        if video?.codec == .h264 {
            switch head & 0x1f {
            case 7, 8: .parameters(head & 0x1f)
            case 9: .delimiter
            default: .other
            }
        } else {
            switch head >> 1 & 0x3f {
            case 32, 33, 34: .parameters(head >> 1 & 0x3f)
            case 35: .delimiter
            default: .other
            }
        }
    }

    private var configuration: [UInt8]? {
        if video?.codec == .h264 {
            guard let sequence = parameterSets[7], let picture = parameterSets[8] else { return nil }
            return DecoderConfiguration.h264(sequence: sequence, picture: picture)
        }
        guard let video = parameterSets[32], let sequence = parameterSets[33], let picture = parameterSets[34] else { return nil }
        return DecoderConfiguration.hevc(video: video, sequence: sequence, picture: picture)
    }

    /// Without its ADTS header (ISO/IEC 14496-3 §1.A.2.2).
    private mutating func bare(_ packet: EncodedPacket) -> EncodedPacket? {
        var payload = packet.payload
        guard let head = payload.readBytes(length: 7), head[0] == 0xff, head[1] & 0xf6 == 0xf0 else { return nil }
        // A checksum follows where the last bit says so.
        if head[1] & 1 == 0 { payload.moveReaderIndex(forwardBy: min(2, payload.readableBytes)) }
        guard payload.readableBytes > 0 else { return nil }
        let objectType = (head[2] >> 6) + 1
        let rate = head[2] >> 2 & 0xf
        let channels = (head[2] & 1) << 2 | head[3] >> 6
        audio?.configuration = [objectType << 3 | rate >> 1, rate << 7 | channels << 3]
        var formatted = packet
        formatted.payload = payload
        return formatted
    }
}
