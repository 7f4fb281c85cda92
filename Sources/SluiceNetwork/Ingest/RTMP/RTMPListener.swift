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

    private struct Open {
        var listening: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isClosing = false
    }

    private let host: String
    private let port: Int
    private let gate: any PublisherGate
    private let group: any EventLoopGroup
    private let limits: RTMPLimits
    private let logger: Logger
    private let relays = RTMPRelayTable()
    private let open = Mutex(Open())

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

    /// Binds and serves from then on. Port 0 takes a free one.
    ///
    /// - Returns: the port bound.
    /// - Throws: `PortUnavailable`.
    package func start() async throws -> Int {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: Self.largestRead)
            )
            .childChannelOption(.writeBufferWaterMark, value: limits.viewerBacklog)
            .childChannelInitializer { self.admit($0) }
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            open.withLock { $0.listening = channel }
            return channel.localAddress?.port ?? port
        } catch {
            throw PortUnavailable(host: host, port: port, what: "RTMP", cause: error)
        }
    }

    /// Stops accepting and closes every connection; returns when all are closed and every sink has been finished.
    package func shutdown() async {
        let (listening, connections) = open.withLock { open in
            open.isClosing = true
            return (open.listening, Array(open.connections.values))
        }
        try? await listening?.close().get()
        for channel in connections { channel.close(promise: nil) }
        for channel in connections { try? await channel.closeFuture.get() }
    }

    private func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
        let id = ObjectIdentifier(channel)
        let isWelcome = open.withLock { open in
            guard !open.isClosing, open.connections.count < limits.mostConnections else { return false }
            open.connections[id] = channel
            return true
        }
        guard isWelcome else { return channel.close() }
        channel.closeFuture.whenComplete { _ in self.open.withLock { _ = $0.connections.removeValue(forKey: id) } }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                RTMPConnectionHandler(gate: gate, relays: relays, limits: limits, logger: logger))
        }
    }
}
