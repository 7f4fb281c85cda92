import NIOCore
import NIOPosix
import Synchronization

/// A server that answers the first bytes of each connection with a text, whatever was asked, and then closes, or does not.
final class SaidPeer: Sendable {
    let port: Int
    private let asked = Atomic<Int>(0)
    private let open = Atomic<Int>(0)

    /// Requests heard, and connections there are.
    var requests: Int { asked.load(ordering: .relaxed) }
    var connections: Int { open.load(ordering: .relaxed) }

    private init(port: Int) { self.port = port }

    static func listening(_ said: String, closes: Bool = true, _ body: (SaidPeer) async throws -> Void) async throws {
        let box = Mutex<SaidPeer?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let peer = box.withLock { $0 }
                    peer?.open.add(1, ordering: .relaxed)
                    channel.closeFuture.whenComplete { _ in peer?.open.subtract(1, ordering: .relaxed) }
                    try channel.pipeline.syncOperations.addHandler(Answer(said, closes) { peer?.asked.add(1, ordering: .relaxed) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let peer = SaidPeer(port: listener.localAddress?.port ?? 0)
        box.withLock { $0 = peer }
        do { try await body(peer) } catch {
            try await listener.close()
            throw error
        }
        try await listener.close()
    }

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let said: String
        private let closes: Bool
        private let heard: () -> Void

        init(_ said: String, _ closes: Bool, heard: @escaping () -> Void) {
            self.said = said
            self.closes = closes
            self.heard = heard
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            heard()
            let held = NIOLoopBound(context, eventLoop: context.eventLoop)
            let closes = closes
            context.writeAndFlush(NIOAny(ByteBuffer(string: said))).whenComplete { _ in if closes { held.value.close(promise: nil) } }
        }
    }
}
