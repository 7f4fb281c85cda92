package import Logging
package import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// A certificate with its key, both PEM.
package struct HTTPServerTLS: Sendable {
    package var certificatePEM: String
    package var keyPEM: String

    package init(certificatePEM: String, keyPEM: String) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }
}

/// A port could not be had.
package struct PortUnavailable: Error, CustomStringConvertible {
    package let host: String
    package let port: Int
    package let what: String
    package let cause: any Error

    package init(host: String, port: Int, what: String, cause: any Error) {
        self.host = host
        self.port = port
        self.what = what
        self.cause = cause
    }

    package var description: String {
        if let error = cause as? IOError, error.errnoCode == EADDRINUSE {
            return "\(what): port \(port) on \(host) is in use by another process; stop it (ss -ltnp 'sport = :\(port)' names it) "
                + "or choose another port"
        }
        return "\(what): cannot listen on \(host):\(port): \(cause)"
    }
}

/// HTTP/1.1, and with a certificate HTTP/2 by ALPN, on one port. A task per connection, a child task per HTTP/2 stream.
package final class HTTPServer: Sendable {
    fileprivate typealias Negotiated = NIONegotiatedHTTPVersion<HTTPServerChannel, (any Channel, HTTP2Streams)>
    fileprivate typealias HTTP2Streams = NIOHTTP2Handler.AsyncStreamMultiplexer<HTTPServerChannel>
    fileprivate typealias Listener = NIOAsyncChannel<EventLoopFuture<Negotiated>, Never>

    /// Connections served at once; each costs some tens of kilobytes.
    private static let maxConnections = 10_000
    /// Pending connections the kernel holds.
    private static let backlog: Int32 = 1024

    private let host: String
    private let port: Int
    private let tls: HTTPServerTLS?
    private let responder: any HTTPResponder
    private let group: any EventLoopGroup
    private let logger: Logger
    private let listener = Mutex<Listener?>(nil)
    private let connections = Atomic<Int>(0)

    package init(
        host: String, port: Int, tls: HTTPServerTLS?, responder: any HTTPResponder, group: any EventLoopGroup, logger: Logger
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.responder = responder
        self.group = group
        self.logger = logger
    }

    /// Binds. Port 0 takes a free one.
    ///
    /// - Returns: the port bound.
    /// - Throws: `PortUnavailable`; NIOSSL's error for a certificate or key that does not parse.
    package func start() async throws -> Int {
        let context = try tls.map(Self.context)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        let channel: Listener
        do {
            channel = try await bootstrap.bind(host: host, port: port) { channel in
                guard let context else { return Self.plain(channel) }
                return Self.secure(channel, context)
            }
        } catch {
            throw PortUnavailable(host: host, port: port, what: "HTTP", cause: error)
        }
        listener.withLock { $0 = channel }
        return channel.channel.localAddress?.port ?? port
    }

    /// Serves until `shutdown`, or until the task is cancelled. Call after `start`.
    package func run() async throws {
        guard let listener = listener.withLock({ $0 }) else { return }
        try await withThrowingDiscardingTaskGroup { group in
            try await listener.executeThenClose { inbound in
                for try await negotiating in inbound {
                    group.addTask { await self.serve(negotiating) }
                }
            }
            // Connections that are still open have had their last answer: nobody accepts for them any more.
            group.cancelAll()
        }
    }

    /// Stops accepting and ends what is open.
    package func shutdown() async {
        let channel = listener.withLock { $0?.channel }
        try? await channel?.close().get()
    }

    private func serve(_ negotiating: EventLoopFuture<Negotiated>) async {
        defer { connections.subtract(1, ordering: .relaxed) }
        let isTooMany = connections.add(1, ordering: .relaxed).newValue > Self.maxConnections
        do {
            switch try await negotiating.get() {
            case .http1_1(let channel):
                if isTooMany { return try await channel.channel.close() }
                try await serve(channel, isHTTP2: false)
            case .http2((let connection, let streams)):
                if isTooMany { return try await connection.close() }
                try await withTaskCancellationHandler {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await stream in streams.inbound {
                            group.addTask { try? await self.serve(stream, isHTTP2: true) }
                        }
                        // The connection has gone; its streams' work goes with it.
                        group.cancelAll()
                    }
                } onCancel: {
                    connection.close(promise: nil)
                }
            }
        } catch {
            logger.debug("connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func serve(_ channel: HTTPServerChannel, isHTTP2: Bool) async throws {
        try await channel.executeThenClose { inbound, outbound in
            let reader = HTTPPartReader(inbound)
            let exchange = HTTPExchange(responder: responder, logger: logger, channel: channel.channel, isHTTP2: isHTTP2)
            while let head = try await reader.nextHead() {
                guard await exchange.serve(head, reader, outbound) else { break }
            }
        }
    }

    private static func context(_ tls: HTTPServerTLS) throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(tls.certificatePEM.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(tls.keyPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.applicationProtocols = ["h2", "http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    private static func plain(_ channel: any Channel) -> EventLoopFuture<EventLoopFuture<Negotiated>> {
        channel.eventLoop.makeCompletedFuture {
            try http1(channel, isSecure: false)
        }.map { channel.eventLoop.makeSucceededFuture(.http1_1($0)) }
    }

    private static func secure(_ channel: any Channel, _ context: NIOSSLContext) -> EventLoopFuture<EventLoopFuture<Negotiated>> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }.flatMap {
            channel.configureHTTP2AsyncSecureUpgrade(
                http1ConnectionInitializer: { channel in
                    channel.eventLoop.makeCompletedFuture { try http1(channel, isSecure: true) }
                },
                http2ConnectionInitializer: { channel in
                    channel.configureAsyncHTTP2Pipeline(mode: .server, configuration: HTTP2Tuning.server) { stream in
                        stream.eventLoop.makeCompletedFuture {
                            try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPServerCodec())
                            return try HTTPServerChannel(wrappingChannelSynchronously: stream)
                        }
                    }.map { (channel, $0) }
                })
        }
    }

    private static func http1(_ channel: any Channel, isSecure: Bool) throws -> HTTPServerChannel {
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
        try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: isSecure))
        try channel.pipeline.syncOperations.addHandler(IdleStateHandler(allTimeout: HTTP2Tuning.idleTimeout))
        try channel.pipeline.syncOperations.addHandler(IdleCloser())
        return try HTTPServerChannel(wrappingChannelSynchronously: channel)
    }
}

/// Closes a connection on which nothing moved for the idle time.
private final class IdleCloser: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPRequestPart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
