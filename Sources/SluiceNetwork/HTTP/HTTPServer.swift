package import Logging
package import NIOCore
import NIOHTTP2
import NIOPosix
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

/// HTTP/1.1, and with a certificate HTTP/2 by ALPN, on one port. An HTTP/1.1 connection has a task from the first request on that needs
/// one; one of HTTP/2 has it at once, and a child task for each stream.
package final class HTTPServer: Sendable {
    package struct Settings: Sendable {
        /// For the TLS handshake, for the first request's head from then on, and for a later head from its second read on. Any
        /// honest peer needs well under a second; a slow one holds a place that others could have.
        package var headTime: Duration = .seconds(10)
        /// A connection on which nothing moves, or of HTTP/2 on which no exchange is open, is closed after this. As the
        /// reference's server (specs/transcoding-protocol §1.2).
        package var idleTime: Duration = .seconds(600)
        /// What open exchanges get to end by themselves once the server is shut down: a segment's call takes up to 8 s (§8).
        package var shutdownGrace: Duration = .seconds(10)
        /// Connections served at once; each costs some tens of kilobytes.
        package var mostConnections = 10_000

        package init() {}
    }

    /// Who passes requests on to other servers, and by what connections.
    package struct Proxy: Sendable {
        let router: any ProxyRouter
        let connections: ProxyConnections

        package init(router: any ProxyRouter, connections: ProxyConnections) {
            self.router = router
            self.connections = connections
        }
    }

    /// HTTP/1.1 tells by itself when it needs a task.
    typealias Negotiated = NIONegotiatedHTTPVersion<Void, (any Channel, HTTP2Streams)>
    typealias HTTP2Streams = NIOHTTP2Handler.AsyncStreamMultiplexer<HTTPServerChannel>
    fileprivate typealias Listener = NIOAsyncChannel<Accepted, Never>

    /// A connection, and what will be spoken on it.
    struct Accepted: Sendable {
        let channel: any Channel
        let negotiated: EventLoopFuture<Negotiated>
    }

    /// Pending connections the kernel holds.
    private static let backlog: Int32 = 1024
    /// A connection keeps the buffer that its last read took, for as long as it waits: a request's head has room in half of what NIO begins
    /// with, and what is longer is read in larger ones soon.
    private static let receiving = AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 1024, maximum: 64 << 10)

    private let host: String
    private let port: Int
    private let tls: HTTPServerTLS?
    private let responder: any HTTPResponder
    private let direct: (any HTTPDirectResponder)?
    private let loop: (any HTTPLoopResponder)?
    private let proxy: Proxy?
    private let settings: Settings
    private let group: any EventLoopGroup
    private let logger: Logger
    private let listener = Mutex<Listener?>(nil)
    private let connections: OpenConnections
    /// Connections of HTTP/1.1 with a request for a task; as many as are open, which `mostConnections` bounds.
    private let waking: AsyncStream<HTTPServerChannel>
    private let wake: AsyncStream<HTTPServerChannel>.Continuation

    /// - Parameters:
    ///   - direct: is asked first.
    ///   - loop: is asked next.
    ///   - proxy: is asked last before the responder.
    package init(
        host: String, port: Int, tls: HTTPServerTLS?, responder: any HTTPResponder, direct: (any HTTPDirectResponder)? = nil,
        loop: (any HTTPLoopResponder)? = nil, proxy: Proxy? = nil, settings: Settings = .init(), group: any EventLoopGroup, logger: Logger
    ) {
        self.direct = direct
        self.loop = loop
        self.proxy = proxy
        self.host = host
        self.port = port
        self.tls = tls
        self.responder = responder
        self.settings = settings
        self.group = group
        self.logger = logger
        self.connections = OpenConnections(most: settings.mostConnections)
        (waking, wake) = AsyncStream.makeStream(of: HTTPServerChannel.self)
    }

    /// Binds. Port 0 takes a free one.
    ///
    /// - Returns: the port bound.
    /// - Throws: `PortUnavailable`; NIOSSL's error for a certificate or key that does not parse.
    package func start() async throws -> Int {
        let wake = wake
        let pipeline = try HTTPServerPipeline(tls: tls, direct: direct, loop: loop, proxy: proxy, settings: settings) { channel in
            if case .terminated = wake.yield(channel) { channel.channel.close(promise: nil) }
        }
        let connections = connections
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: Self.receiving)
        let channel: Listener
        do {
            channel = try await bootstrap.bind(host: host, port: port) { channel in
                guard connections.admit(channel) else {
                    return channel.close().flatMapThrowing { throw ChannelError.ioOnClosedChannel }
                }
                return pipeline.build(channel).map { Accepted(channel: channel, negotiated: $0) }
            }
        } catch {
            throw PortUnavailable(host: host, port: port, what: "HTTP", cause: error)
        }
        listener.withLock { $0 = channel }
        return channel.channel.localAddress?.port ?? port
    }

    /// Serves until `shutdown`, or until the task is cancelled, which cuts off what is open. Call after `start`.
    package func run() async throws {
        guard let listener = listener.withLock({ $0 }) else { return }
        try await withTaskCancellationHandler {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await self.serveWoken() }
                do {
                    try await listener.executeThenClose { inbound in
                        for try await accepted in inbound where connections.serve(accepted.channel) {
                            // Where it is known at once, it is HTTP/1.1.
                            if self.tls != nil { group.addTask { await self.serve(accepted.negotiated) } }
                        }
                    }
                } catch {
                    connections.close()
                    throw error
                }
                // What is open may still wake.
                await connections.ended()
                wake.finish()
            }
        } onCancel: {
            connections.close()
        }
    }

    private func serveWoken() async {
        await withDiscardingTaskGroup { group in
            for await channel in waking {
                group.addTask {
                    do { try await self.serve(channel, isHTTP2: false) } catch {
                        self.logger.debug("connection ended", metadata: ["error": "\(error)"])
                    }
                }
            }
        }
    }

    /// Stops accepting and lets what is open end: idle connections at once, exchanges within the grace period, after which they
    /// are cut off. HTTP/2 peers are told by GOAWAY, HTTP/1.1 peers by `Connection: close`. Returns when all are closed.
    package func shutdown() async {
        let channel = listener.withLock { $0?.channel }
        try? await channel?.close().get()
        await connections.end(within: TimeAmount(settings.shutdownGrace), on: group.any())
    }

    /// Hears nothing that its peers send, and so answers nothing new, until told otherwise; connections stay. Scripts stall with it.
    package func pause(_ isPaused: Bool) async { await connections.pause(isPaused) }

    private func serve(_ negotiating: EventLoopFuture<Negotiated>) async {
        do {
            switch try await negotiating.get() {
            case .http1_1: break
            case .http2((let connection, let streams)):
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
}
