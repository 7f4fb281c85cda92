import NIOCore
import NIOHTTP2
import NIOPosix
import NIOSSL

/// The bare client's end of an HTTP/2 connection: shows the frames that concern the connection as a whole.
struct HTTP2Peer: Sendable {
    let channel: any Channel
    /// Ends with the connection.
    let frames: AsyncStream<HTTP2Frame>

    /// - Parameter speaks: without, TLS and ALPN are done and then nothing is sent.
    static func connect(to port: Int, speaks: Bool = true) async throws -> HTTP2Peer {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.applicationProtocols = ["h2"]
        let context = try NIOSSLContext(configuration: configuration)
        let (frames, continuation) = AsyncStream.makeStream(of: HTTP2Frame.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    if speaks { try pipeline.addHandler(NIOHTTP2Handler(mode: .client)) }
                    try pipeline.addHandler(Recorder(speaks ? continuation : nil))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        channel.closeFuture.whenComplete { _ in continuation.finish() }
        return HTTP2Peer(channel: channel, frames: frames)
    }

    /// The last streams that the server promised to serve, one for each GOAWAY, when the connection has ended.
    func goodbyes() async -> [HTTP2StreamID] {
        var last: [HTTP2StreamID] = []
        for await frame in frames {
            if case .goAway(let stream, .noError, _) = frame.payload { last.append(stream) }
        }
        return last
    }
}

private final class Recorder: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTP2Frame

    private let continuation: AsyncStream<HTTP2Frame>.Continuation?

    init(_ continuation: AsyncStream<HTTP2Frame>.Continuation?) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let continuation { continuation.yield(unwrapInboundIn(data)) }
    }
}
