import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2
import NIOSSL

/// The handlers of a server's connections, from the socket up.
struct HTTPServerPipeline: Sendable {
    private let context: NIOSSLContext?
    private let headTime: TimeAmount
    private let idleTime: TimeAmount
    private let grace: TimeAmount
    private let direct: (any HTTPDirectResponder)?
    private let loop: (any HTTPLoopResponder)?
    private let proxy: HTTPServer.Proxy?
    private let wake: @Sendable (HTTPServerChannel) -> Void

    /// - Parameter wake: takes up a connection of HTTP/1.1 whose first request for a task has come.
    init(
        tls: HTTPServerTLS?, direct: (any HTTPDirectResponder)? = nil, loop: (any HTTPLoopResponder)? = nil, proxy: HTTPServer.Proxy? = nil,
        settings: HTTPServer.Settings, wake: @escaping @Sendable (HTTPServerChannel) -> Void
    ) throws {
        self.direct = direct
        self.loop = loop
        self.proxy = proxy
        self.wake = wake
        context = try tls.map(Self.context)
        headTime = TimeAmount(settings.headTime)
        idleTime = TimeAmount(settings.idleTime)
        grace = TimeAmount(settings.shutdownGrace)
    }

    /// - Returns: once the channel is ready to be accepted, what will have been negotiated on it. Failed, the channel is closed.
    func build(_ channel: any Channel) -> EventLoopFuture<EventLoopFuture<HTTPServer.Negotiated>> {
        let built =
            if let context {
                secure(channel, context)
            } else {
                channel.eventLoop.makeCompletedFuture { try http1(channel, isSecure: false) }
                    .map { channel.eventLoop.makeSucceededFuture(HTTPServer.Negotiated.http1_1(())) }
            }
        return built.flatMapError { error in channel.close().flatMapThrowing { throw error } }
    }

    private static func context(_ tls: HTTPServerTLS) throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(tls.certificatePEM.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(tls.keyPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.applicationProtocols = ["h2", "http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    private func secure(_ channel: any Channel, _ context: NIOSSLContext) -> EventLoopFuture<EventLoopFuture<HTTPServer.Negotiated>> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            try channel.pipeline.syncOperations.addHandler(HandshakeDeadline(headTime))
        }.flatMap {
            channel.configureHTTP2AsyncSecureUpgrade(
                http1ConnectionInitializer: { channel in
                    channel.eventLoop.makeCompletedFuture { try http1(channel, isSecure: true) }
                },
                http2ConnectionInitializer: { channel in
                    channel.eventLoop.makeCompletedFuture { (channel, try http2(channel)) }
                })
        }
    }

    private func http1(_ channel: any Channel, isSecure: Bool) throws {
        let pipeline = channel.pipeline.syncOperations
        let progress = HeadProgress()
        let connection = HTTP1ServerConnection(progress: progress, headTime: headTime)
        try pipeline.addHandler(IdleStateHandler(allTimeout: idleTime))
        try pipeline.addHandler(IdleCloser())
        try pipeline.addHandler(SlowHeadCloser(limit: headTime, progress: progress, expire: connection.expire))
        // Those of `configureHTTPServerPipeline`, with ours among them; the order is from the socket up.
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        var speaking: [any RemovableChannelHandler] = [
            connection, HTTPServerPipelineHandler(), NIOHTTPResponseHeadersValidator(), HTTP1ToHTTPServerCodec(secure: isSecure),
        ]
        if let direct { speaking.append(HTTPDirectHandler(direct)) }
        if let loop { speaking.append(HTTPConversation(loop, isHTTP2: false)) }
        let encoder = HTTPResponseEncoder()
        try pipeline.addHandlers([encoder, decoder] + speaking)
        if let proxy {
            let stripped = speaking + [encoder, decoder]
            let handler = ProxyHandler(proxy.router, proxy.connections) {
                for handler in stripped { pipeline.removeHandler(handler, promise: nil) }
            }
            try pipeline.addHandler(handler)
        }
        try pipeline.addHandler(TaskStart(wake))
    }

    private func http2(_ channel: any Channel) throws -> HTTPServer.HTTP2Streams {
        let pipeline = channel.pipeline.syncOperations
        let progress = HeadProgress()
        let connection = HTTP2ServerConnection(idleTime: idleTime, grace: grace, progress: progress)
        try pipeline.addHandler(IdleStateHandler(allTimeout: idleTime))
        try pipeline.addHandler(SlowHeadCloser(limit: headTime, progress: progress) { _ in connection.expire() })
        let streams = try pipeline.configureAsyncHTTP2Pipeline(
            mode: .server,
            streamDelegate: HTTP2ServerConnection.Streams(connection: NIOLoopBound(connection, eventLoop: channel.eventLoop)),
            configuration: HTTP2Tuning.server
        ) { [direct, loop, proxy] stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPServerCodec())
                if let direct { try stream.pipeline.syncOperations.addHandler(HTTPDirectHandler(direct)) }
                if let loop { try stream.pipeline.syncOperations.addHandler(HTTPConversation(loop, isHTTP2: true)) }
                if let proxy {
                    try stream.pipeline.syncOperations.addHandler(ProxyHandler(proxy.router, proxy.connections, strip: nil))
                }
                return try Self.kept(HTTPServerChannel(wrappingChannelSynchronously: stream))
            }
        }
        try pipeline.addHandler(connection)
        return streams
    }

    /// A channel that its server, just ending, never takes up must live until it is closed: one that is dropped open traps.
    fileprivate static func kept(_ channel: HTTPServerChannel) -> HTTPServerChannel {
        channel.channel.closeFuture.whenComplete { _ in withExtendedLifetime(channel) {} }
        return channel
    }
}

/// Stands at the end of a connection of HTTP/1.1 and has it taken up by a task with the first request that gets there. A task and its
/// queues are a third of an idle connection's memory, and many a connection never needs them.
private final class TaskStart: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let wake: @Sendable (HTTPServerChannel) -> Void

    init(_ wake: @escaping @Sendable (HTTPServerChannel) -> Void) { self.wake = wake }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            wake(try HTTPServerPipeline.kept(HTTPServerChannel(wrappingChannelSynchronously: context.channel)))
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}

/// Closes a connection on which nothing moved for the idle time.
private final class IdleCloser: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
