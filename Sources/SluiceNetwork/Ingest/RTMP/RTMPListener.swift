package import Logging
package import NIOCore
import NIOPosix
package import SluiceTypes
import SluiceWire
import Synchronization

/// The RTMP port: publishers go to the gate, viewers of a live name get what its publisher sends.
package final class RTMPListener: Sendable {
    /// Pending connections the kernel holds.
    private static let backlog: Int32 = 1024
    /// Bytes taken from a socket at once: a 720p key frame in a few reads, 500 idle connections in little memory.
    private static let largestRead = 64 << 10

    private let host: String
    private let port: Int
    private let gate: any PublisherGate
    private let viewers: (any ViewerGate)?
    private let group: any EventLoopGroup
    private let limits: RTMPLimits
    private let logger: Logger
    private let relays = RTMPRelayTable()
    private let connections: RTMPConnections
    private let listening = Mutex<(any Channel)?>(nil)

    /// - Parameter viewers: without it everybody may play everything that has no key.
    package init(
        host: String, port: Int, gate: any PublisherGate, viewers: (any ViewerGate)? = nil, group: any EventLoopGroup,
        limits: RTMPLimits = .init(), logger: Logger
    ) {
        self.host = host
        self.port = port
        self.gate = gate
        self.viewers = viewers
        self.group = group
        self.limits = limits
        self.logger = logger
        self.connections = RTMPConnections(limits: limits, logger: logger)
    }

    /// The port bound, once it is; else the one asked for.
    package var boundPort: Int { listening.withLock { $0?.localAddress?.port } ?? port }

    /// Binds and serves from then on. Port 0 takes a free one.
    ///
    /// - Returns: the port bound.
    /// - Throws: `PortUnavailable`.
    package func start() async throws -> Int {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Without descriptors left, accept is tried again a second later instead of at once and for ever.
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler()) }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: Self.largestRead)
            )
            .childChannelOption(.writeBufferWaterMark, value: limits.viewerBacklog)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        RTMPConnectionHandler(
                            gate: self.gate, viewers: self.viewers, connections: self.connections, relays: self.relays, limits: self.limits,
                            logger: self.logger))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            listening.withLock { $0 = channel }
            return channel.localAddress?.port ?? port
        } catch {
            throw PortUnavailable(host: host, port: port, what: "RTMP", cause: error)
        }
    }

    /// Stops accepting and closes every connection; returns when all are closed and every sink has been finished.
    package func shutdown() async {
        let listening = listening.withLock { $0 }
        try? await listening?.close().get()
        await connections.close()
    }
}
