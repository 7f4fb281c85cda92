import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Stands before a connection's task and passes on to other servers what its router takes, piece by piece on the event loop, both ways
/// with back-pressure. One request at a time: HTTP/1.1 requests come one after another, HTTP/2 streams have one each.
final class ProxyHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Of a request that is answered early, what still comes is passed over up to here; then the connection is closed.
    private static let drainLimit = 1 << 20

    private let router: any ProxyRouter
    private let connections: ProxyConnections
    /// Takes the handlers for HTTP out, but for this one; `nil` where that cannot be (HTTP/2).
    private let strip: (() -> Void)?
    private var exchange: ProxyExchange?
    private var drained: Int?
    private var wantsRead = false
    private var context: ChannelHandlerContext?

    init(_ router: any ProxyRouter, _ connections: ProxyConnections, strip: (() -> Void)?) {
        self.router = router
        self.connections = connections
        self.strip = strip
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: What the client says

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .head(let request) = part {
            drained = nil
            guard router.takes(request) else { return context.fireChannelRead(data) }
            let exchange = ProxyExchange(request, self, connections, on: context.eventLoop, canUpgrade: strip != nil)
            self.exchange = exchange
            exchange.begin(router)
        } else if let exchange {
            exchange.clientSaid(part)
        } else if drained != nil {
            drain(part, context)
        } else {
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        exchange?.clientFlushed()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if exchange?.takesMoreOfRequest == false {
            wantsRead = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.clientHasRoom() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        exchange?.clientGone()
        exchange = nil
        context.fireChannelInactive()
    }

    private func drain(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head: break
        case .body(let bytes):
            let sum = (drained ?? 0) + bytes.readableBytes
            drained = sum
            if sum > Self.drainLimit { context.close(promise: nil) }
        case .end: drained = nil
        }
    }

    // MARK: For the exchange

    var hasRoom: Bool { context?.channel.isWritable == true }
    var isActive: Bool { context?.channel.isActive == true }

    func write(_ part: HTTPResponsePart) { context?.write(wrapOutboundOut(part), promise: nil) }
    func flush() { context?.flush() }

    /// There is room again for what the client sends.
    func resume() {
        guard wantsRead, let context else { return }
        wantsRead = false
        context.read()
    }

    /// The answer has been written.
    ///
    /// - Parameter requestIsWhole: it has been read to its end.
    func finished(requestIsWhole: Bool) {
        exchange = nil
        if !requestIsWhole { drained = 0 }
        resume()
        // On a stream of its own nobody waits for what the client has left to say.
        if !requestIsWhole, strip == nil, let context {
            let held = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in held.value.close(promise: nil) }
        }
    }

    /// A half answer cannot be completed: the client sees the connection, or the stream, break.
    func abandon() {
        exchange = nil
        context?.close(promise: nil)
    }

    /// Both ends speak bytes from now on.
    func tunnel(to upstream: ProxyUpstream, cutBy cut: ProxyTunnelCut, isWebSocket: Bool, ended: @escaping () -> Void) {
        exchange = nil
        guard let context, let strip else {
            upstream.close()
            return ended()
        }
        let tunnel = ProxyTunnel(isWebSocket: isWebSocket, ended: ended)
        cut.tunnel = tunnel
        do {
            try context.pipeline.syncOperations.addHandler(tunnel.near, position: .after(self))
            try upstream.becomeRaw(tunnel.far)
        } catch {
            upstream.close()
            context.close(promise: nil)
            return tunnel.close()
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        // What was read behind the heads is passed on by the decoders when they go, which they do a moment later.
        strip()
        let held = NIOLoopBound(tunnel, eventLoop: context.eventLoop)
        context.eventLoop.execute { held.value.flush() }
    }
}
