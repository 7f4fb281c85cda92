import NIOCore
import SluiceWire

/// How a tunnel that may come of an exchange is reached from outside.
final class ProxyTunnelCut {
    weak var tunnel: ProxyTunnel?
}

/// Two connections on one event loop that speak WebSocket (or whatever both agreed on) with one another: bytes pass as they are.
final class ProxyTunnel {
    /// The client's end. Both ends hold the tunnel, and it holds them, until it is closed.
    let near = ProxyTunnelEnd(isMasked: false)
    /// The runner's. A client's frames are masked (RFC 6455 §5.3), and we are its client.
    let far = ProxyTunnelEnd(isMasked: true)
    private let isWebSocket: Bool
    private var ended: (() -> Void)?

    init(isWebSocket: Bool, ended: @escaping () -> Void) {
        self.isWebSocket = isWebSocket
        self.ended = ended
        near.join(self, far)
        far.join(self, near)
    }

    /// One end closed. The other is told in WebSocket's words where it was not told.
    func closed(_ end: ProxyTunnelEnd) {
        guard let done = ended else { return }
        ended = nil
        let other = end === near ? far : near
        other.say(isWebSocket ? 1014 : nil, "the other end closed without a word")
        done()
    }

    /// From outside.
    func cut(_ why: String) {
        guard let done = ended else { return }
        ended = nil
        for end in [near, far] { end.say(isWebSocket ? 1001 : nil, why) }
        done()
    }

    func flush() { for end in [near, far] { end.flush() } }

    func close() {
        let done = ended
        ended = nil
        done?()
    }
}

/// The end of one of the two connections' handlers.
final class ProxyTunnelEnd: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let isMasked: Bool
    private var tunnel: ProxyTunnel?
    private weak var other: ProxyTunnelEnd?
    private var context: ChannelHandlerContext?
    private var wantsRead = false
    /// What has gone out here: where a frame of ours may stand.
    private var frames = WebSocketFrames()

    init(isMasked: Bool) { self.isMasked = isMasked }

    fileprivate func join(_ tunnel: ProxyTunnel, _ other: ProxyTunnelEnd) {
        self.tunnel = tunnel
        self.other = other
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        tunnel?.closed(self)
        tunnel = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { other?.write(unwrapInboundIn(data)) }
    func channelReadComplete(context: ChannelHandlerContext) { other?.flush() }

    func read(context: ChannelHandlerContext) {
        if other?.context?.channel.isWritable == false { wantsRead = true } else { context.read() }
    }

    /// This side has room: the other may be read from again.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { other?.resume() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        tunnel?.closed(self)
        tunnel = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { tunnel?.cut("the server ends") } else { context.fireUserInboundEventTriggered(event) }
    }

    private func write(_ bytes: ByteBuffer) {
        frames.passed(bytes)
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    fileprivate func flush() { context?.flush() }

    private func resume() {
        guard wantsRead, let context else { return }
        wantsRead = false
        context.read()
    }

    /// The last word, where there is a place for one, and then the end.
    fileprivate func say(_ code: UInt16?, _ why: String) {
        tunnel = nil
        guard let context else { return }
        guard let code, frames.mayClose else { return context.close(promise: nil) }
        let held = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(WebSocketFrames.close(code, why, isMasked: isMasked)))
            .whenComplete { _ in held.value.close(promise: nil) }
    }
}
