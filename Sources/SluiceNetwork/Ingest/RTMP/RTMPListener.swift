package import Logging
package import NIOCore
import NIOPosix
package import SluiceTypes
import Synchronization

/// How much of a stranger's time and memory a publisher's or viewer's connection may cost.
package struct RTMPLimits: Sendable {
    /// From connecting to the end of the handshake; a peer that sends a byte a second does not last longer.
    package var handshakeTimeout: TimeAmount = .seconds(10)
    /// From the handshake to publish or play.
    package var idleTimeout: TimeAmount = .seconds(15)
    package var maxConnections = 2000
    /// Bytes waiting for one viewer; past it frames are left out up to the next key frame.
    package var viewerBacklog = 2 << 20
    /// A viewer that takes nothing for this long is gone.
    package var viewerStall: TimeAmount = .seconds(10)

    package init() {}
}

/// Takes RTMP publishers in and shows their streams to RTMP viewers.
package final class RTMPListener: Sendable {
    private let host: String
    private let port: Int
    private let gate: any PublisherGate
    private let group: any EventLoopGroup
    private let limits: RTMPLimits
    private let logger: Logger
    private let relays = RTMPRelayTable()
    private let listening = Mutex<(any Channel)?>(nil)
    private let connections = Mutex<[ObjectIdentifier: any Channel]>([:])

    package init(
        host: String, port: Int, gate: any PublisherGate, group: any EventLoopGroup, limits: RTMPLimits = .init(), logger: Logger
    ) {
        self.host = host
        self.port = port
        self.gate = gate
        self.group = group
        self.limits = limits
        self.logger = logger
    }

    /// Binds; port 0 takes a free one. Returns the port bound; throws `PortUnavailable`.
    package func start() async throws -> Int {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: limits.viewerBacklog / 4, high: limits.viewerBacklog))
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 64 << 10))
            .childChannelInitializer { channel in self.admit(channel) }
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            listening.withLock { $0 = channel }
            return channel.localAddress?.port ?? port
        } catch {
            throw PortUnavailable(host: host, port: port, what: "RTMP", cause: error)
        }
    }

    /// Stops accepting and closes every connection; publishers' last segments are closed on the way.
    package func shutdown() async {
        try? await listening.withLock { $0 }?.close().get()
        let open = connections.withLock { Array($0.values) }
        for channel in open { try? await channel.close().get() }
    }

    private func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
        let isRoom = connections.withLock { connections in
            guard connections.count < limits.maxConnections else { return false }
            connections[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isRoom else {
            logger.warning("RTMP connection refused", metadata: ["reason": "\(limits.maxConnections) are open"])
            return channel.close()
        }
        channel.closeFuture.whenComplete { _ in
            self.connections.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                RTMPConnectionHandler(gate: gate, relays: relays, limits: limits, logger: logger))
        }
    }
}
