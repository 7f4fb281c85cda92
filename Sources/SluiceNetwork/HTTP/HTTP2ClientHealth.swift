import NIOCore
import NIOHTTP2

/// Notices that the peer of one HTTP/2 connection is dead, or says goodbye. Stands behind the HTTP/2 handler.
///
/// A peer that was silent for a while is sent a PING; if nothing at all has come by the answer bound, the connection is closed.
/// While anything comes in, nothing is sent: servers count PINGs, and some close a connection that sends many
/// (specs/swift-feasibility §6).
final class HTTP2ClientHealth: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let silence: TimeAmount
    private let answer: TimeAmount
    private let onLeaving: @Sendable () -> Void
    private var lastHeard = NIODeadline.uptimeNanoseconds(0)
    private var hasHeardSinceAsked = false
    private var timer: Scheduled<Void>?

    /// - Parameters:
    ///   - silence: after which a sign of life is asked for.
    ///   - answer: how long it may take.
    ///   - onLeaving: no new exchange may use this connection. Called on its event loop, more than once.
    init(silence: TimeAmount, answer: TimeAmount, onLeaving: @escaping @Sendable () -> Void) {
        self.silence = silence
        self.answer = answer
        self.onLeaving = onLeaving
    }

    func handlerAdded(context: ChannelHandlerContext) {
        lastHeard = context.eventLoop.now
        watch(context, in: silence)
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        onLeaving()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .goAway = unwrapInboundIn(data).payload { onLeaving() }
        context.fireChannelRead(data)
    }

    /// Comes after every read of the connection, whichever stream it was for.
    func channelReadComplete(context: ChannelHandlerContext) {
        lastHeard = context.eventLoop.now
        hasHeardSinceAsked = true
        context.fireChannelReadComplete()
    }

    private func watch(_ context: ChannelHandlerContext, in time: TimeAmount) {
        schedule(context, in: time) { health, context in
            let heardFor = context.eventLoop.now - health.lastHeard
            if heardFor < health.silence {
                health.watch(context, in: health.silence - heardFor)
            } else {
                health.ask(context)
            }
        }
    }

    private func ask(_ context: ChannelHandlerContext) {
        hasHeardSinceAsked = false
        let ping = HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(), ack: false))
        context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
        schedule(context, in: answer) { health, context in
            if health.hasHeardSinceAsked {
                health.watch(context, in: health.silence - (context.eventLoop.now - health.lastHeard))
            } else {
                health.onLeaving()
                context.close(promise: nil)
            }
        }
    }

    private func schedule(
        _ context: ChannelHandlerContext, in time: TimeAmount, _ body: @escaping (HTTP2ClientHealth, ChannelHandlerContext) -> Void
    ) {
        let held = NIOLoopBound((self, context, body), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) {
            let (health, context, body) = held.value
            body(health, context)
        }
    }
}
