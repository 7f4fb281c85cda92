import NIOCore
import SluiceTypes
import SluiceWire
import Testing

private struct Unexpected: Error {
    let what: String
}

/// Our client against our server, without a socket.
@Suite struct RTMPClientSessionTests {
    private struct Pair {
        var client: RTMPClientSession
        var server = RTMPServerSession()
        var clientEvents: [RTMPClientSession.Event] = []
        var serverEvents: [RTMPServerSession.Event] = []

        init(_ purpose: RTMPClientSession.Purpose) {
            client = RTMPClientSession(purpose, address: "rtmp://host/live", app: "live", name: "a")
        }

        /// Carries bytes both ways until neither has any.
        mutating func exchange() throws {
            while client.output.readableBytes > 0 || server.output.readableBytes > 0 {
                var up = client.output
                client.output = ByteBuffer()
                var heard: [RTMPServerSession.Event] = []
                try server.receive(&up) { heard.append($0) }
                serverEvents += heard
                var down = server.output
                server.output = ByteBuffer()
                var told: [RTMPClientSession.Event] = []
                try client.receive(&down) { told.append($0) }
                clientEvents += told
            }
        }
    }

    @Test func publishes() throws {
        var pair = Pair(.publish)
        try pair.exchange()
        guard case .publish("live", "a") = pair.serverEvents.last else { throw Unexpected(what: "\(pair.serverEvents)") }
        pair.server.accept()
        try pair.exchange()
        guard case .accepted = pair.clientEvents.last else { throw Unexpected(what: "\(pair.clientEvents)") }
        let frame = RTMPMessage(kind: RTMPMessage.Kind.video, timestamp: 40, payload: ByteBuffer(repeating: 7, count: 100_000))
        pair.client.publish(frame)
        try pair.exchange()
        guard case .media(let message) = pair.serverEvents.last else { throw Unexpected(what: "\(pair.serverEvents)") }
        #expect(message.timestamp == 40 && message.payload == frame.payload)
        pair.client.finish()
        try pair.exchange()
        guard case .finished = pair.serverEvents.last else { throw Unexpected(what: "\(pair.serverEvents)") }
    }

    @Test func plays() throws {
        var pair = Pair(.play)
        try pair.exchange()
        guard case .play("live", "a") = pair.serverEvents.last else { throw Unexpected(what: "\(pair.serverEvents)") }
        pair.server.accept()
        try pair.exchange()
        guard case .accepted = pair.clientEvents.last else { throw Unexpected(what: "\(pair.clientEvents)") }
        var media = ByteBuffer()
        RTMPChunkWriter.write(
            RTMPMessage(kind: RTMPMessage.Kind.video, timestamp: 80, stream: 1, payload: ByteBuffer(string: "frame")), chunkStream: 6,
            into: &media)
        media.writeImmutableBuffer(RTMPServerSession.endOfPlay())
        var told: [RTMPClientSession.Event] = []
        try pair.client.receive(&media) { told.append($0) }
        guard told.count == 2, case .media(let message) = told[0], case .ended = told[1] else { throw Unexpected(what: "\(told)") }
        #expect(message.timestamp == 80 && String(buffer: message.payload) == "frame")
    }

    @Test func tellsWhyItWasRefused() throws {
        var pair = Pair(.publish)
        try pair.exchange()
        pair.server.refuse(code: "NetStream.Publish.BadName", "taken")
        try pair.exchange()
        guard case .refused(let reason) = pair.clientEvents.last else { throw Unexpected(what: "\(pair.clientEvents)") }
        #expect(reason == "NetStream.Publish.BadName: taken")
    }

    @Test func refusesAServerOfAnotherProtocol() {
        var session = RTMPClientSession(.publish, address: "rtmp://host/live", app: "live", name: "a")
        var bytes = ByteBuffer(repeating: UInt8(ascii: "H"), count: 4000)
        #expect(throws: RTMPError.self) { try session.receive(&bytes) { _ in } }
    }

    @Test func tagsAreReadBackAsTheyWere() throws {
        var reader = FLVPackets()
        let video = VideoParameters(
            codec: .h264, width: 640, height: 360, frameRate: Rational(30), configuration: [1, 77, 64, 31, 255, 225, 0, 1, 0x67, 1])
        let audio = AudioParameters(codec: .aac, sampleRate: 48_000, channels: 2, configuration: [0x11, 0x90])
        _ = try reader.consume(FLVTags.metadata(video: video, audio: audio))
        guard case .video(let readVideo) = try reader.consume(FLVTags.header(video)) else { throw Unexpected(what: "no video") }
        #expect(readVideo.configuration == video.configuration)
        guard case .audio(let readAudio) = try reader.consume(FLVTags.header(audio)) else { throw Unexpected(what: "no audio") }
        #expect(readAudio == audio)
        let frame = EncodedPacket(
            track: .video, pts: MediaTime(milliseconds: 100), dts: MediaTime(milliseconds: 67), isKey: true,
            payload: ByteBuffer(bytes: [0, 0, 0, 1, 0x65]))
        let stamp = FrameStamp.unit(microseconds: 42)
        guard case .packet(let packet) = try reader.consume(FLVTags.video(frame, leading: stamp)) else {
            throw Unexpected(what: "no frame")
        }
        #expect(packet.pts == frame.pts && packet.dts == frame.dts && packet.isKey)
        #expect(packet.payload == ByteBuffer(bytes: [0, 0, 0, UInt8(stamp.count)] + stamp + [0, 0, 0, 1, 0x65]))
        let sound = EncodedPacket(
            track: .audio, pts: MediaTime(milliseconds: 64), dts: MediaTime(milliseconds: 64), isKey: true,
            payload: ByteBuffer(string: "aac"))
        guard case .packet(let heard) = try reader.consume(FLVTags.audio(sound)) else { throw Unexpected(what: "no sound") }
        #expect(heard.pts == sound.pts && heard.payload == sound.payload)
    }
}
