import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import SluiceWire
import Testing

/// A silent publisher loses its name to another one: what its viewers see of that.
@Suite(.timeLimit(.minutes(1))) struct RTMPTakeoverTests {
    private func withListener(_ second: CollectingGate.Second, _ body: (Int) async throws -> Void) async throws {
        let listener = RTMPListener(
            host: "127.0.0.1", port: 0, gate: CollectingGate(second: second), group: MultiThreadedEventLoopGroup.singleton,
            logger: LogLines().logger)
        let port = try await listener.start()
        do {
            try await body(port)
        } catch {
            await listener.shutdown()
            throw error
        }
        await listener.shutdown()
    }

    /// A publisher whose key frame at 5 s has come to a viewer.
    private func watched(_ name: String, _ port: Int) async throws -> (publisher: LoopbackPeer, viewer: LoopbackPeer) {
        let publisher = try await LoopbackPeer.connect(port)
        try await publisher.publish(name)
        try await publisher.video(Tag.videoHeader)
        let viewer = try await LoopbackPeer.connect(port)
        try await viewer.play(name)
        _ = try await viewer.nextMedia()
        try await publisher.video(Tag.keyFrame(mark: 1), at: 5000)
        let first = try #require(try await viewer.nextMedia())
        #expect(first.timestamp == 5000 && mark(first) == 1)
        return (publisher, viewer)
    }

    private func mark(_ message: RTMPMessage) -> UInt8? {
        message.payload.getInteger(at: message.payload.readerIndex + 5, as: UInt8.self)
    }

    @Test func `viewers go on with the new headers and the new key frame, on the same clock`() async throws {
        try await withListener(.takesOver) { port in
            let (silent, viewer) = try await watched("cam", port)
            let next = try await LoopbackPeer.connect(port)
            try await next.publish("cam")
            try await silent.channel.closeFuture.get()
            // Pictures that lean on what nobody has, then the real beginning.
            try await next.video(Tag.picture(mark: 2), at: 90_000)
            var header = Tag.videoHeader
            header[6] = 0x4d
            try await next.video(header)
            try await next.video(Tag.picture(mark: 3), at: 90_020)
            try await next.video(Tag.keyFrame(mark: 4), at: 90_040)
            try await next.video(Tag.picture(mark: 5), at: 90_060)

            let seen = try await [viewer.nextMedia(), viewer.nextMedia(), viewer.nextMedia()].compactMap { $0 }
            #expect(seen.count == 3)
            #expect(seen.first?.payload == ByteBuffer(bytes: header))
            #expect(seen.dropFirst().map(mark) == [4, 5])
            #expect(seen.map(\.timestamp) == [5040, 5080, 5100])

            // Who joins now gets the new headers.
            let late = try await LoopbackPeer.connect(port)
            try await late.play("cam")
            #expect(try await late.nextMedia()?.payload == ByteBuffer(bytes: header))

            // The end of the successor is the end.
            try await next.channel.close()
            try await viewer.status("NetStream.Play.UnpublishNotify")
            try await viewer.channel.closeFuture.get()
        }
    }

    @Test func `with another key it is another stream to them`() async throws {
        try await withListener(.takesOver) { port in
            let (_, viewer) = try await watched("cam/key", port)
            let next = try await LoopbackPeer.connect(port)
            try await next.publish("cam/other")
            try await viewer.status("NetStream.Play.UnpublishNotify")
            try await viewer.channel.closeFuture.get()
        }
    }

    @Test func `a successor that has gone before it began ends the stream`() async throws {
        let (answer, answers) = AsyncStream.makeStream(of: Void.self)
        try await withListener(.takesOverLater(answer)) { port in
            let (silent, viewer) = try await watched("cam", port)
            let next = try await LoopbackPeer.connect(port)
            try await next.connect()
            try await next.command(.string("publish"), .number(2), .null, .string("cam"), .string("live"))
            try await silent.channel.closeFuture.get()
            #expect(viewer.channel.isActive)
            try await next.channel.close()
            answers.finish()
            try await viewer.status("NetStream.Play.UnpublishNotify")
            try await viewer.channel.closeFuture.get()
        }
    }
}
