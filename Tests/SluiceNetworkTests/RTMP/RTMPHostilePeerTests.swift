import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import SluiceWire
import Testing

/// Peers that break the rules, on real sockets. Each test is told of the end by the connection's close.
@Suite(.timeLimit(.minutes(1))) struct RTMPHostilePeerTests {
    private let gate = CollectingGate()
    private let lines = LogLines()

    private func withListener(_ limits: RTMPLimits = .init(), _ body: (Int) async throws -> Void) async throws {
        try await withRTMPListener(gate, limits, lines, body)
    }

    private func reasons(_ text: String) -> Int { lines.all.count { $0.contains(text) } }

    @Test func `garbage before the handshake`() async throws {
        try await withListener { port in
            let peer = try await LoopbackPeer.connect(port)
            try await peer.send(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            try await peer.channel.closeFuture.get()
            #expect(reasons("the first byte is 71, not the version 3") == 1)
        }
    }

    /// Chunk headers by hand: kind 9 of the largest length there is, 16 MB.
    @Test(arguments: [(false, 65_536), (true, 8_388_608)])
    func `a message of 16 MB is refused at its header`(isPublishing: Bool, limit: Int) async throws {
        try await withListener { port in
            let peer = try await LoopbackPeer.connect(port)
            if isPublishing { try await peer.publish("cam") } else { try await peer.connect() }
            try await peer.send([0x04, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0])
            try await peer.channel.closeFuture.get()
            #expect(reasons("a message of 16777215 bytes; \(limit) is the limit") == 1)
        }
    }

    @Test(arguments: [RTMPMessage.Kind.commandAMF0, RTMPMessage.Kind.dataAMF0])
    func `AMF nested a thousand deep`(kind: UInt8) async throws {
        try await withListener { port in
            let peer = try await LoopbackPeer.connect(port)
            try await peer.publish("cam")
            let level: [UInt8] = [3, 0, 1, 65]
            try await peer.message(kind, ByteBuffer(bytes: (0..<1000).flatMap { _ in level }), stream: 1)
            try await peer.channel.closeFuture.get()
            #expect(reasons("nested deeper than 32") == 1)
        }
    }

    @Test func `a chunk stream that was never opened`() async throws {
        try await withListener { port in
            let peer = try await LoopbackPeer.connect(port)
            try await peer.connect()
            try await peer.send([0xc9, 1, 2, 3])
            try await peer.channel.closeFuture.get()
            #expect(reasons("chunk stream 9 begins with a type 3 header") == 1)
        }
    }

    enum Stage { case handshake, commands }

    @Test(arguments: [(Stage.handshake, "no handshake within 200 ms"), (.commands, "neither publish nor play within 200 ms")])
    func `a byte at a time is too slow`(stage: Stage, reason: String) async throws {
        var limits = RTMPLimits()
        limits.handshakeTimeout = stage == .handshake ? .milliseconds(200) : .seconds(60)
        limits.idleTimeout = .milliseconds(200)
        try await withListener(limits) { port in
            let peer = try await LoopbackPeer.connect(port)
            if stage == .commands {
                try await peer.shakeHands()
                // The header of a command of 60 000 bytes; on a busy machine the bound may pass before it.
                try? await peer.send([0x03, 0, 0, 0, 0, 0xea, 0x60, 20, 0, 0, 0, 0])
            }
            // What would take many seconds to be whole.
            let channel = peer.channel
            let byte = ByteBuffer(integer: UInt8(3))
            let drip = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { _ in
                channel.writeAndFlush(byte, promise: nil)
            }
            try await channel.closeFuture.get()
            drip.cancel()
            #expect(reasons(reason) == 1)
        }
    }

    @Test func `a publisher that falls silent for good is let go`() async throws {
        var limits = RTMPLimits()
        limits.publisherSilence = .milliseconds(50)
        try await withListener(limits) { port in
            let peer = try await LoopbackPeer.connect(port)
            try await peer.publish("cam")
            try await peer.channel.closeFuture.get()
            for await event in gate.events where event == .finish { break }
            #expect(reasons("the publisher sent nothing for 50 ms") == 1)
        }
    }

    @Test func `who asks and does not read the answers`() async throws {
        try await withListener { port in
            let peer = try await LoopbackPeer.connect(port, receiveBuffer: 16 << 10)
            try await peer.connect()
            try await peer.channel.setOption(.autoRead, value: false).get()
            var question = ByteBuffer()
            AMF0.string("makeTea").encode(into: &question)
            AMF0.number(1).encode(into: &question)
            var bytes = ByteBuffer()
            for _ in 0..<10_000 {
                let message = RTMPMessage(kind: RTMPMessage.Kind.commandAMF0, payload: question)
                RTMPChunkWriter.write(message, chunkStream: 3, into: &bytes, chunkSize: 128)
            }
            // Its socket closes under it at some time: until then it asks.
            do {
                while peer.channel.isActive { try await peer.channel.writeAndFlush(bytes) }
            } catch {}
            try await peer.channel.closeFuture.get()
            #expect(reasons("the peer asks and does not read the answers") == 1)
        }
    }

    private func silent(_ count: Int, _ port: Int) async throws -> [any Channel] {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        var channels: [any Channel] = []
        for _ in 0..<count { channels.append(try await bootstrap.connect(host: "127.0.0.1", port: port).get()) }
        return channels
    }

    @Test func `five hundred who say nothing do not keep a publisher out`() async throws {
        var limits = RTMPLimits()
        limits.handshakeTimeout = .minutes(10)
        try await withListener(limits) { port in
            let idle = try await silent(500, port)
            let peer = try await LoopbackPeer.connect(port)
            try await peer.publish("cam")
            try await peer.video(Tag.videoHeader)
            try await peer.video(Tag.keyFrame())
            for await _ in gate.events { break }
            #expect(idle.allSatisfy { $0.isActive })
        }
    }

    @Test func `five hundred who say nothing are closed at the bound`() async throws {
        var limits = RTMPLimits()
        limits.handshakeTimeout = .milliseconds(300)
        try await withListener(limits) { port in
            for channel in try await silent(500, port) { try await channel.closeFuture.get() }
            #expect(reasons("no handshake within 300 ms") == 500)
        }
    }

    @Test(arguments: [(3, 100, "3 connections are open, which is the limit"), (100, 3, "this address has 3 connections")])
    func `one too many is closed with a line in the log, and its place is free again later`(
        most: Int, perAddress: Int, reason: String
    ) async throws {
        var limits = RTMPLimits()
        limits.mostConnections = most
        limits.mostPerAddress = perAddress
        try await withListener(limits) { port in
            var inside: [LoopbackPeer] = []
            for _ in 0..<3 {
                inside.append(try await LoopbackPeer.connect(port))
                try await inside.last?.shakeHands()
            }
            // Refused many times, said once.
            for channel in try await silent(20, port) { try await channel.closeFuture.get() }
            #expect(reasons(reason) >= 1 && reasons(reason) < 20)
            try await inside[0].channel.close()
            // The listener hears of that close in its own time.
            while true {
                let peer = try await LoopbackPeer.connect(port)
                do { try await peer.publish("cam") } catch { continue }
                break
            }
        }
    }
}
