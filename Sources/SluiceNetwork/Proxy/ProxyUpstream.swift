import NIOCore
import NIOHTTP1
import NIOSSL

/// Who is told what the other server says. Everything on one event loop.
protocol ProxyUpstreamListener: AnyObject {
    /// Whether there is room for more of the answer.
    var takesMore: Bool { get }
    func upstreamSaid(_ part: HTTPClientResponsePart)
    func upstreamFlushed()
    func upstreamHasRoom()
    func upstreamEnded(_ failure: ProxyFailure)
}

/// A connection to another server, lent to one exchange after another; the end of its handlers.
final class ProxyUpstream: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    let authority: HTTPAuthority
    weak var listener: (any ProxyUpstreamListener)?
    /// It has carried an exchange before: it may be closed by its server at any moment.
    private(set) var isUsed = false
    private(set) var staysOpen = false
    private var context: ChannelHandlerContext?
    private var wantsRead = false
    private var stripped: [any RemovableChannelHandler]

    /// - Parameter stripped: the handlers for HTTP, to be taken out when something else is spoken.
    init(_ authority: HTTPAuthority, stripped: [any RemovableChannelHandler]) {
        self.authority = authority
        self.stripped = stripped
    }

    var channel: (any Channel)? { context?.channel }
    var isActive: Bool { context?.channel.isActive == true }
    var isWritable: Bool { context?.channel.isWritable == true }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func send(_ part: HTTPClientRequestPart) { context?.write(wrapOutboundOut(part), promise: nil) }
    func flush() { context?.flush() }

    /// There is room again for what it says.
    func resume() {
        guard wantsRead, let context else { return }
        wantsRead = false
        context.read()
    }

    func close() {
        listener = nil
        context?.close(promise: nil)
    }

    /// Ready for the next exchange.
    func rest() {
        listener = nil
        isUsed = true
        resume()
    }

    /// Speaks bytes from now on; what was read behind the last answer comes first.
    func becomeRaw(_ handler: any ChannelHandler) throws {
        guard let context else { throw ChannelError.ioOnClosedChannel }
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandler(handler, position: .after(self))
        listener = nil
        for one in stripped { pipeline.removeHandler(one, promise: nil) }
        pipeline.removeHandler(self, promise: nil)
        // One who waited for room does no longer.
        if wantsRead { context.read() }
    }

    func read(context: ChannelHandlerContext) {
        if listener?.takesMore == false {
            wantsRead = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        // Nobody asked: it is not to be trusted with a request.
        guard let listener else { return context.close(promise: nil) }
        if case .head(let head) = part { staysOpen = head.isKeepAlive }
        listener.upstreamSaid(part)
    }

    func channelReadComplete(context: ChannelHandlerContext) { listener?.upstreamFlushed() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { listener?.upstreamHasRoom() }
    }

    func channelInactive(context: ChannelHandlerContext) { end(.closedEarly) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.invalidEOFState: end(.closedEarly)
        case is HTTPParserError: end(.garbage("\(error)"))
        case is NIOSSLError: end(.unreachable("\(error)"))
        default: end(.closedEarly)
        }
        context.close(promise: nil)
    }

    private func end(_ failure: ProxyFailure) {
        let listener = listener
        self.listener = nil
        listener?.upstreamEnded(failure)
    }
}
