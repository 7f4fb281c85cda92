import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceWire
import Testing

/// Viewers on real sockets, good and bad ones side by side.
@Suite(.timeLimit(.minutes(1))) struct RTMPViewerTests {
    private let gate = CollectingGate()
    private let lines = LogLines()

    private func withListener(_ limits: RTMPLimits = .init(), _ body: (Int) async throws -> Void) async throws {
        try await withRTMPListener(gate, limits, lines, body)
    }

    /// One viewer takes nothing any more; the publisher and another viewer go on step by step, past all that sockets hold.
    private func stall(_ limits: RTMPLimits, reason: String, each: (LoopbackPeer, Int) async throws -> Void) async throws {
        try await withListener(limits) { port in
            let publisher = try await LoopbackPeer.connect(port)
            try await publisher.publish("cam")
            try await publisher.video(Tag.videoHeader)
            let good = try await LoopbackPeer.connect(port)
            try await good.play("cam")
            let stuck = try await LoopbackPeer.connect(port, receiveBuffer: 16 << 10)
            try await stuck.play("cam")
            try await stuck.channel.setOption(.autoRead, value: false).get()
            #expect(try await good.nextMedia() != nil)
            let size = 100_000
            let steps = 300
            for step in 0..<steps {
                try await each(publisher, size)
                let message = try await good.nextMedia()
                try #require(message?.payload.readableBytes ?? 0 > size, "step \(step)")
            }
            // What had been sent by then is all it gets, and then its end.
            try await stuck.channel.setOption(.autoRead, value: true).get()
            while await stuck.piece() != nil {}
            #expect(stuck.received < steps * size / 2)
            #expect(lines.all.count { $0.contains(reason) } == 1)
            #expect(good.channel.isActive && publisher.channel.isActive)
        }
    }

    @Test func `one that takes nothing for too long is let go and slows nobody`() async throws {
        var limits = RTMPLimits()
        limits.viewerStall = .zero
        try await stall(limits, reason: "has not caught up for 0 ms") { try await $0.video(Tag.keyFrame($1)) }
    }

    @Test func `headers, which none may miss, have a bound as well`() async throws {
        var limits = RTMPLimits()
        limits.viewerStall = .minutes(10)
        limits.viewerMostUnsent = 3 << 20
        try await stall(limits, reason: "bytes still to take") { publisher, size in
            // A string, and a long one: what they say is nobody's business here.
            var data = ByteBuffer(bytes: [2, 0, 1, 65, 12])
            data.writeInteger(UInt32(size))
            data.writeRepeatingByte(65, count: size)
            try await publisher.message(RTMPMessage.Kind.dataAMF0, data, stream: 1)
        }
    }

    @Test func `a slow one loses pictures up to a key frame, never the stream`() async throws {
        var limits = RTMPLimits()
        limits.viewerStall = .minutes(10)
        try await withListener(limits) { port in
            let publisher = try await LoopbackPeer.connect(port)
            try await publisher.publish("cam")
            try await publisher.video(Tag.videoHeader)
            let good = try await LoopbackPeer.connect(port)
            try await good.play("cam")
            let slow = try await LoopbackPeer.connect(port, receiveBuffer: 16 << 10)
            try await slow.play("cam")
            _ = try await good.nextMedia()
            try await publisher.video(Tag.keyFrame())
            _ = try await good.nextMedia()
            try await slow.channel.setOption(.autoRead, value: false).get()
            for _ in 0..<200 {
                try await publisher.video(Tag.picture(100_000))
                _ = try await good.nextMedia()
            }
            // The mark comes through whatever was lost, and when it has come the socket is empty again.
            var mark = ByteBuffer(bytes: [2, 0, 1, 77])
            AMF0.null.encode(into: &mark)
            try await publisher.message(RTMPMessage.Kind.dataAMF0, mark, stream: 1)
            _ = try await good.nextMedia()
            try await slow.channel.setOption(.autoRead, value: true).get()
            var pictures = 0
            while let message = try await slow.nextMedia(), message.kind != RTMPMessage.Kind.dataAMF0 { pictures += 1 }
            #expect(pictures < 200)
            try await publisher.video(Tag.picture(mark: 1))
            try await publisher.video(Tag.keyFrame(mark: 9))
            let next = try #require(try await slow.nextMedia())
            #expect(next.payload.getInteger(at: next.payload.readerIndex + 5, as: UInt8.self) == 9)
        }
    }
}
