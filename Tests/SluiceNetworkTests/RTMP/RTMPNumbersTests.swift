import NIOCore
import SluiceNetwork
import SluiceTypes
import SluiceWire
import Testing

/// Numbers that no program sends by RTMP: each is made do with, or costs its sender the connection, and the next publisher is let in.
@Suite(.timeLimit(.minutes(2))) struct RTMPNumbersTests {
    @Test(arguments: [
        Double.infinity, -.infinity, .nan, .signalingNaN, 1e300, -1e300, Double(Int64.max), Double(Int64.min), -1, 0, 1e-300, 4_294_967_296,
    ])
    func inCommandsAndMetadata(_ number: Double) async throws {
        let lines = LogLines()
        let gate = CollectingGate()
        try await withRTMPListener(gate, .init(), lines) { port in
            func payload(_ values: [AMF0]) -> ByteBuffer {
                var payload = ByteBuffer()
                for value in values { value.encode(into: &payload) }
                return payload
            }
            let strange = try await LoopbackPeer.connect(port)
            try await strange.shakeHands()
            let fields = ["capabilities", "audioCodecs", "videoCodecs", "objectEncoding", "videoFunction"].map {
                AMF0.Property($0, .number(number))
            }
            for values in [
                [.string("connect"), .number(number), .object([AMF0.Property("app", .string("live"))] + fields)],
                [.string("createStream"), .number(number), .null], [.string("deleteStream"), .number(number), .null, .number(number)],
            ] as [[AMF0]] { try? await strange.message(RTMPMessage.Kind.commandAMF0, payload(values), stream: 0) }
            try? await strange.channel.close()

            let peer = try await LoopbackPeer.connect(port)
            try await peer.publish("cam")
            let facts = ["width", "height", "framerate", "videodatarate", "videocodecid", "audiosamplerate", "audiochannels", "duration"]
                .map {
                    AMF0.Property($0, .number(number))
                }
            try? await peer.message(
                RTMPMessage.Kind.dataAMF0, payload([.string("@setDataFrame"), .string("onMetaData"), .object(facts)]), stream: 1)
            try? await peer.message(
                RTMPMessage.Kind.commandAMF0, payload([.string("FCUnpublish"), .number(number), .null, .string("cam")]), stream: 1)
            try? await peer.channel.close()

            let next = try await LoopbackPeer.connect(port)
            try await next.publish("other")
            try? await next.channel.close()
        }
    }
}
