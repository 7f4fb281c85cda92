import Logging
import NIOCore
import NIOPosix
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Our push at our listener, on real sockets.
@Suite(.timeLimit(.minutes(1))) struct RTMPPushTests {
    private let video = VideoParameters(
        codec: .h264, width: 640, height: 360, configuration: [1, 77, 64, 31, 255, 225, 0, 4, 0x67, 77, 64, 31, 1, 0, 1, 0x68])

    private func frame(_ index: Int64, isKey: Bool) -> EncodedPacket {
        let time = MediaTime(milliseconds: index * 40)
        return EncodedPacket(
            track: .video, pts: time, dts: time, isKey: isKey, payload: ByteBuffer(bytes: [0, 0, 0, 2, isKey ? 0x65 : 0x41, UInt8(index)]))
    }

    private func push(_ port: Int) throws -> any PacketPush {
        try RTMPPushing(group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            .push(to: "rtmp://127.0.0.1:\(port)/live/out")
    }

    /// Waits for what another thread does.
    private func until(_ what: String, _ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while !condition() {
            try #require(ContinuousClock.now < end, "\(what): not within 20 s")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func `what is sent is published, from a key frame on, and its end too`() async throws {
        let gate = CollectingGate()
        try await withRTMPListener(gate, .init(), LogLines()) { port in
            let push = try push(port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await push.run() }
                let sink = push.makeSink()
                sink.configure(video: video)
                try await until("a connection") { push.status.isConnected }
                sink.consume(frame(0, isKey: false))
                sink.consume(frame(1, isKey: true))
                sink.consume(frame(2, isKey: false))
                try await until("the pictures") { gate.now.packets.count == 2 }
                sink.finish()
                // The run ends by itself.
                try await group.waitForAll()
            }
        }
        #expect(gate.now.packets.map(\.isKey) == [true, false])
        #expect(gate.now.finishes == 1)
    }

    @Test func `a server that is not there is tried again and holds nothing up`() async throws {
        var port = 0
        try await withRTMPListener(CollectingGate(), .init(), LogLines()) { port = $0 }
        let push = try push(port)
        let sink = push.makeSink()
        sink.configure(video: video)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await push.run() }
            try await until("two failures") { push.status.reconnects >= 2 }
            sink.consume(frame(0, isKey: true))
            #expect(!push.status.isConnected)
            group.cancelAll()
        }
        #expect(push.status.target == "rtmp://127.0.0.1:\(port)/live/out…")
    }

    @Test(arguments: ["http://a/live/x", "rtmp://a/live", "x"]) func `what is no place to push to is said`(url: String) throws {
        let pushing = RTMPPushing(
            group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(throws: RTMPClientAddress.Malformed.self) { try pushing.push(to: url) }
    }
}
