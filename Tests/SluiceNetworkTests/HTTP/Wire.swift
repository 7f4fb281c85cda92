import NIOCore
import NIOPosix
import Synchronization

/// A wire between a client and a server of the loopback, which a test can cut (nothing more passes, and nobody is told).
final class Wire: Sendable {
    private struct State {
        var isCut = false
        var made = 0
        var listener: (any Channel)?
    }

    private let upstream: Int
    private let state = Mutex(State())
    /// One for each connection that has ended.
    let closed: AsyncStream<Void>
    private let closing: AsyncStream<Void>.Continuation

    private init(to upstream: Int) {
        self.upstream = upstream
        (closed, closing) = AsyncStream.makeStream(of: Void.self)
    }

    var port: Int { state.withLock { $0.listener?.localAddress?.port ?? 0 } }
    /// Connections made through it.
    var connections: Int { state.withLock { $0.made } }

    /// Cuts the connections that are open, and those to come.
    func cut() { state.withLock { $0.isCut = true } }

    /// Connections to come are whole again; those that were cut are not.
    func mend() { state.withLock { $0.isCut = false } }

    static func laid(to upstream: Int, _ body: (Wire) async throws -> Void) async throws {
        let wire = Wire(to: upstream)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { wire.connect($0) }
            .bind(host: "127.0.0.1", port: 0).get()
        wire.state.withLock { $0.listener = listener }
        do { try await body(wire) } catch {
            try await listener.close()
            throw error
        }
        try await listener.close()
    }

    private func connect(_ near: any Channel) -> EventLoopFuture<Void> {
        state.withLock { $0.made += 1 }
        near.closeFuture.whenComplete { _ in self.closing.yield() }
        // On one loop, so that the two ends may call one another.
        return ClientBootstrap(group: near.eventLoop)
            .connect(host: "127.0.0.1", port: upstream)
            .flatMapThrowing { far in
                try near.pipeline.syncOperations.addHandler(End(other: far, wire: self))
                try far.pipeline.syncOperations.addHandler(End(other: near, wire: self))
            }
    }

    /// Whether this connection was cut is remembered by each end for itself.
    private final class End: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel
        private let wire: Wire
        private var isCut = false

        init(other: any Channel, wire: Wire) {
            self.other = other
            self.wire = wire
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            isCut = isCut || wire.state.withLock { $0.isCut }
            if !isCut { other.writeAndFlush(unwrapInboundIn(data), promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            isCut = isCut || wire.state.withLock { $0.isCut }
            // The far end of a cut wire is left to itself, until its own peer goes.
            if !isCut { other.close(promise: nil) }
        }
    }
}
