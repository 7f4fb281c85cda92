import NIOCore
package import SluiceTypes

/// Packets into audio and video payloads of RTMP: the other way round of `FLVPackets`. H.264 and AAC.
package enum FLVTags {
    package static func metadata(video: VideoParameters, audio: AudioParameters?) -> RTMPMessage {
        var properties: [AMF0.Property] = [
            .init("width", .number(Double(video.width))), .init("height", .number(Double(video.height))), .init("videocodecid", .number(7)),
        ]
        if let rate = video.frameRate { properties.append(.init("framerate", .number(rate.value))) }
        if let audio {
            properties.append(.init("audiocodecid", .number(10)))
            properties.append(.init("audiosamplerate", .number(Double(audio.sampleRate))))
        }
        var payload = ByteBuffer()
        AMF0.string("@setDataFrame").encode(into: &payload)
        AMF0.string("onMetaData").encode(into: &payload)
        AMF0.object(properties).encode(into: &payload)
        return RTMPMessage(kind: RTMPMessage.Kind.dataAMF0, payload: payload)
    }

    package static func header(_ video: VideoParameters) -> RTMPMessage {
        RTMPMessage(kind: RTMPMessage.Kind.video, payload: ByteBuffer(bytes: [0x17, 0, 0, 0, 0] + video.configuration))
    }

    package static func header(_ audio: AudioParameters) -> RTMPMessage {
        RTMPMessage(kind: RTMPMessage.Kind.audio, payload: ByteBuffer(bytes: [0xaf, 0] + audio.configuration))
    }

    /// - Parameter leading: a NAL unit to stand before the others, such as a stamp.
    package static func video(_ packet: EncodedPacket, leading: [UInt8] = []) -> RTMPMessage {
        let shift = (packet.pts - packet.dts).ticks / 90
        var payload = ByteBuffer()
        payload.reserveCapacity(packet.payload.readableBytes + leading.count + 9)
        payload.writeInteger(UInt8(packet.isKey ? 0x17 : 0x27))
        payload.writeInteger(UInt32(1) << 24 | UInt32(truncatingIfNeeded: shift) & 0xff_ffff)
        if !leading.isEmpty {
            payload.writeInteger(UInt32(leading.count))
            payload.writeBytes(leading)
        }
        payload.writeImmutableBuffer(packet.payload)
        return RTMPMessage(kind: RTMPMessage.Kind.video, timestamp: milliseconds(packet.dts), payload: payload)
    }

    package static func audio(_ packet: EncodedPacket) -> RTMPMessage {
        var payload = ByteBuffer(bytes: [0xaf, 1])
        payload.writeImmutableBuffer(packet.payload)
        return RTMPMessage(kind: RTMPMessage.Kind.audio, timestamp: milliseconds(packet.dts), payload: payload)
    }

    private static func milliseconds(_ time: MediaTime) -> UInt32 { UInt32(truncatingIfNeeded: (time.ticks + 45) / 90) }
}
