import NIOCore
import NIOPosix
import SluiceWire

/// A client on a real socket that says exactly what a test wants. For one task at a time.
final class LoopbackPeer {
    struct Closed: Error {}

    let channel: any Channel
    private var pieces: AsyncStream<ByteBuffer>.AsyncIterator
    private var unread = ByteBuffer()
    private var reader = RTMPChunkReader()
    private var chunkSize = RTMPChunkWriter.initialChunkSize
    /// Bytes taken from the socket so far.
    private(set) var received = 0

    private init(_ channel: any Channel, _ pieces: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.pieces = pieces.makeAsyncIterator()
    }

    /// - Parameter receiveBuffer: the kernel's, in bytes; a small one fills soon.
    static func connect(_ port: Int, receiveBuffer: Int? = nil) async throws -> LoopbackPeer {
        let (pieces, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation: continuation))
                }
            }
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: ChannelOptions.Types.SocketOption.Value(receiveBuffer))
        }
        return LoopbackPeer(try await bootstrap.connect(host: "127.0.0.1", port: port).get(), pieces)
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        let continuation: AsyncStream<ByteBuffer>.Continuation

        init(continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// The next bytes from the socket; `nil` when it has closed.
    func piece() async -> ByteBuffer? {
        let piece = await pieces.next(isolation: #isolation)
        received += piece?.readableBytes ?? 0
        return piece
    }

    func shakeHands() async throws {
        try await send([3] + [UInt8](repeating: 0, count: 1536))
        while unread.readableBytes < 3073 {
            guard var more = await piece() else { throw Closed() }
            unread.writeBuffer(&more)
        }
        unread.moveReaderIndex(forwardBy: 3073)
        reader.feed(&unread)
        unread = ByteBuffer()
        try await send([UInt8](repeating: 0, count: 1536))
    }

    /// The next whole message; `nil` when the connection has closed.
    func next() async throws -> RTMPMessage? {
        while true {
            if let message = try reader.next() { return message }
            guard var more = await piece() else { return nil }
            reader.feed(&more)
        }
    }

    /// The next audio, video or data message.
    func nextMedia() async throws -> RTMPMessage? {
        while let message = try await next() {
            if [RTMPMessage.Kind.audio, RTMPMessage.Kind.video, RTMPMessage.Kind.dataAMF0].contains(message.kind) { return message }
        }
        return nil
    }

    /// Reads on until the server says this.
    func status(_ code: String) async throws {
        while let message = try await next() {
            guard message.kind == RTMPMessage.Kind.commandAMF0 else { continue }
            var payload = message.payload
            if try AMF0.decodeAll(&payload).contains(where: { $0["code"]?.string == code }) { return }
        }
        throw Closed()
    }

    func message(_ kind: UInt8, _ payload: ByteBuffer, at time: UInt32 = 0, stream: UInt32 = 0) async throws {
        var bytes = ByteBuffer()
        let message = RTMPMessage(kind: kind, timestamp: time, stream: stream, payload: payload)
        RTMPChunkWriter.write(message, chunkStream: 3, into: &bytes, chunkSize: chunkSize)
        try await channel.writeAndFlush(bytes)
    }

    func command(_ values: AMF0...) async throws {
        var payload = ByteBuffer()
        for value in values { value.encode(into: &payload) }
        try await message(RTMPMessage.Kind.commandAMF0, payload)
    }

    func connect(app: String = "live") async throws {
        try await shakeHands()
        try await command(.string("connect"), .number(1), .object([.init("app", .string(app))]))
        try await status("NetConnection.Connect.Success")
    }

    func publish(_ name: String) async throws {
        try await connect()
        try await message(RTMPMessage.Kind.setChunkSize, ByteBuffer(integer: UInt32(1 << 20)))
        chunkSize = 1 << 20
        try await command(.string("publish"), .number(2), .null, .string(name), .string("live"))
        try await status("NetStream.Publish.Start")
    }

    func play(_ name: String) async throws {
        try await connect()
        try await command(.string("play"), .number(2), .null, .string(name))
        try await status("NetStream.Play.Start")
    }

    func video(_ bytes: [UInt8], at time: UInt32 = 0) async throws {
        try await message(RTMPMessage.Kind.video, ByteBuffer(bytes: bytes), at: time, stream: 1)
    }
}

/// FLV tag bodies that say as little as possible.
enum Tag {
    static let videoHeader: [UInt8] = [0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 0]

    static func keyFrame(_ size: Int = 16, mark: UInt8 = 0) -> [UInt8] {
        [0x17, 1, 0, 0, 0, mark] + [UInt8](repeating: 0x55, count: size)
    }

    static func picture(_ size: Int = 16, mark: UInt8 = 0) -> [UInt8] {
        [0x27, 1, 0, 0, 0, mark] + [UInt8](repeating: 0x66, count: size)
    }
}
