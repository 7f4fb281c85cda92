import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import SluiceWire
import Testing

/// Our client at our listener, on real sockets.
@Suite(.timeLimit(.minutes(1))) struct RTMPClientTests {
    private let gate = CollectingGate()
    private let video = VideoParameters(
        codec: .h264, width: 640, height: 360, configuration: [1, 77, 64, 31, 255, 225, 0, 4, 0x67, 77, 64, 31, 1, 0, 1, 0x68])

    private func frame(_ index: Int64, isKey: Bool) -> EncodedPacket {
        let time = MediaTime(milliseconds: index * 40)
        return EncodedPacket(
            track: .video, pts: time, dts: time, isKey: isKey, payload: ByteBuffer(bytes: [0, 0, 0, 2, isKey ? 0x65 : 0x41, UInt8(index)]))
    }

    @Test func `what is published is played`() async throws {
        try await withRTMPListener(gate, .init(), LogLines()) { port in
            let group = MultiThreadedEventLoopGroup.singleton
            let address = try RTMPClientAddress("rtmp://127.0.0.1:\(port)/live/cam")
            let publisher = try await RTMPClient.open(.publish, address, group: group)
            publisher.publish(headers: [FLVTags.header(video)])
            let (messages, continuation) = AsyncStream.makeStream(of: RTMPMessage.self)
            let viewer = try await RTMPClient.open(.play, address, group: group) { message, arrival in
                #expect(arrival > 1_600_000_000_000_000_000)
                continuation.yield(message)
            }
            // A stream begins with a key frame: what comes before is not sent.
            publisher.publish(isKey: false) { [frame = frame(0, isKey: false)] in [FLVTags.video(frame)] }
            publisher.publish(isKey: true) { [frame = frame(1, isKey: true)] in
                [FLVTags.video(frame, leading: FrameStamp.unit(microseconds: 9))]
            }
            publisher.publish(isKey: false) { [frame = frame(2, isKey: false)] in [FLVTags.video(frame)] }
            var heard: [RTMPMessage] = []
            for await message in messages {
                heard.append(message)
                if heard.count == 3 { break }
            }
            #expect(heard.map { $0.payload.getInteger(at: $0.payload.readerIndex, as: UInt8.self) } == [0x17, 0x17, 0x27])
            #expect(FrameStamp.stamps(in: heard[1].payload) == [9])
            #expect(try await publisher.leftOut() == 0)
            publisher.close()
            #expect(await viewer.closed() == "the stream is over")
            #expect(await publisher.closed() == nil)
        }
        #expect(gate.now.packets.map(\.isKey) == [true, false])
        #expect(gate.now.finishes == 1)
    }

    @Test func `a name that is taken is refused with the reason`() async throws {
        try await withRTMPListener(gate, .init(), LogLines()) { port in
            let address = try RTMPClientAddress("rtmp://127.0.0.1:\(port)/live/cam")
            let first = try await RTMPClient.open(.publish, address, group: MultiThreadedEventLoopGroup.singleton)
            await #expect(throws: RTMPClient.Failed.self) {
                try await RTMPClient.open(.publish, address, group: MultiThreadedEventLoopGroup.singleton)
            }
            let nowhere = try RTMPClientAddress("rtmp://127.0.0.1:\(port)/live/other")
            await #expect(throws: RTMPClient.Failed.self) {
                try await RTMPClient.open(.play, nowhere, group: MultiThreadedEventLoopGroup.singleton)
            }
            #expect(first.isOpen)
            first.close()
        }
    }

    @Test func `nobody there`() async throws {
        let address = try RTMPClientAddress("rtmp://127.0.0.1:1/live/cam")
        await #expect(throws: RTMPClient.Failed.self) {
            try await RTMPClient.open(.publish, address, group: MultiThreadedEventLoopGroup.singleton)
        }
    }
}
