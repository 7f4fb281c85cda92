import Foundation
import Logging
import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import Synchronization
import Testing

/// Pushes over a real socket, where it shows what is sent when.
@Suite(.timeLimit(.minutes(1))) struct PushLoopbackTests {
    private struct Script: SegmentPush {
        let body: @Sendable ((PushedRendition) async throws -> Void) async throws -> Void

        func push(_ segment: PushedSegment, rendition: (PushedRendition) async throws -> Void) async throws {
            try await body(rendition)
        }

        func end(_ stream: StreamID) async -> Bool { false }
    }

    private static func rendition(_ name: String, _ text: String) -> PushedRendition {
        PushedRendition(
            profile: TranscodeProfile(name: name, width: 2, height: 2, bitrate: 1), bytes: ByteBuffer(string: text))
    }

    private func serving(
        _ push: @escaping @Sendable ((PushedRendition) async throws -> Void) async throws -> Void = { _ in },
        _ body: (HTTPWire) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let endpoint = PushEndpoint(
            push: Script(body: push), parseConfiguration: { _ in nil }, largestSegment: 1 << 20, logger: logger)
        let server = HTTPServer(
            host: "127.0.0.1", port: 0, tls: nil, responder: endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let port = try await server.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            try await body(try await HTTPWire.connect(port))
            group.cancelAll()
        }
    }

    private static let request = "POST /live/s/0.ts HTTP/1.1\r\nHost: h\r\nAccept: multipart/mixed\r\nContent-Length: 3\r\n\r\nseg"

    @Test func `each part goes out while the next is still being made`() async throws {
        let (second, signal) = AsyncStream.makeStream(of: Void.self)
        try await serving({ rendition in
            try await rendition(Self.rendition("small", "first bytes"))
            for await _ in second {}
            try await rendition(Self.rendition("large", "second bytes"))
        }) { wire in
            try await wire.send(ByteBuffer(string: Self.request))
            try await wire.read(until: "first bytes")
            #expect(wire.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(wire.text.lowercased().contains("transfer-encoding: chunked"))
            #expect(!wire.text.contains("large"))
            signal.finish()
            try await wire.read(until: "--\r\n\r\n0\r\n\r\n")
            #expect(wire.text.contains("second bytes"))
        }
    }

    @Test func `a failure after the first part cuts the answer off`() async throws {
        try await serving({ rendition in
            try await rendition(Self.rendition("small", "first bytes"))
            throw PushFailure.attemptsExhausted("three")
        }) { wire in
            try await wire.send(ByteBuffer(string: Self.request))
            try await wire.readToTheEnd()
            #expect(wire.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(wire.text.contains("first bytes"))
            #expect(!wire.text.contains("--\r\n") && !wire.text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test(arguments: ["Content-Length: 104857600", "Transfer-Encoding: chunked"])
    func `a hundred megabytes are refused early, and not taken`(_ length: String) async throws {
        try await serving { wire in
            try await wire.send(ByteBuffer(string: "POST /live/s/0.ts HTTP/1.1\r\nHost: h\r\n\(length)\r\n\r\n"))
            var piece = ByteBuffer()
            if length.hasSuffix("chunked") { piece.writeString("100000\r\n") }
            piece.writeRepeatingByte(0x47, count: 1 << 20)
            if length.hasSuffix("chunked") { piece.writeString("\r\n") }
            var sent = 0
            // Closed under it, or stopped by the answer: both are an end.
            while sent < 100, !wire.hasAnswer, (try? await wire.send(piece)) != nil { sent += 1 }
            #expect(sent < 100)
            try await wire.read(until: "bytes at most")
            #expect(wire.text.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func `a hundred megabytes are refused before the first, when the client asks`() async throws {
        try await serving { wire in
            let head = "POST /live/s/0.ts HTTP/1.1\r\nHost: h\r\nContent-Length: 104857600\r\nExpect: 100-continue\r\n\r\n"
            try await wire.send(ByteBuffer(string: head))
            try await wire.read(until: "bytes at most")
            #expect(wire.text.hasPrefix("HTTP/1.1 413 "))
        }
    }
}

/// A raw HTTP/1.1 client: what goes over the wire, as it is. For one task at a time.
final class HTTPWire {
    struct Ended: Error {}

    private let channel: any Channel
    private let answered: Answered
    private var pieces: AsyncStream<ByteBuffer>.AsyncIterator
    /// All that came so far.
    private(set) var text = ""

    private final class Answered: Sendable {
        let value = Atomic<Bool>(false)
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        let continuation: AsyncStream<ByteBuffer>.Continuation
        let answered: Answered

        init(continuation: AsyncStream<ByteBuffer>.Continuation, answered: Answered) {
            self.continuation = continuation
            self.answered = answered
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            answered.value.store(true, ordering: .releasing)
            continuation.yield(unwrapInboundIn(data))
        }

        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private init(_ channel: any Channel, _ answered: Answered, _ pieces: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.answered = answered
        self.pieces = pieces.makeAsyncIterator()
    }

    static func connect(_ port: Int) async throws -> HTTPWire {
        let (pieces, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        let answered = Answered()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation: continuation, answered: answered))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return HTTPWire(channel, answered, pieces)
    }

    /// Whether anything has come, read or not.
    var hasAnswer: Bool { answered.value.load(ordering: .acquiring) }

    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    func read(until mark: String) async throws {
        while !text.contains(mark) {
            guard let piece = await pieces.next(isolation: #isolation) else { throw Ended() }
            text += String(buffer: piece)
        }
    }

    func readToTheEnd() async throws {
        while let piece = await pieces.next(isolation: #isolation) { text += String(buffer: piece) }
    }
}
