package import HTTPTypes
package import NIOCore
import NIOHTTP1
package import NIOHTTPTypes

/// Stands before a connection's task and keeps from it what an `HTTPLoopResponder` takes; to those who answer it is the way back. One
/// request at a time: HTTP/1.1 requests come one after another, HTTP/2 streams have one each.
package final class HTTPConversation: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    /// Of a request that is answered early, what still comes is passed over up to here, to keep the connection.
    private static let drainLimit = 1 << 20
    /// What comes then is taken for a while before the connection closes, and thrown away: a close under the client's hands can destroy
    /// the answer before it has read it. A tenth of a second at a gigabit.
    private static let lingerLimit = 16 << 20
    private static let lingerTime: TimeAmount = .seconds(2)

    private let responder: any HTTPLoopResponder
    private let isHTTP2: Bool
    /// The request that comes in is one of ours.
    private var isTaking = false
    private var isHead = false
    /// It has its answer, or is about to.
    private var isAnswered = true
    /// The answer said `Connection: close`.
    private var isLast = false
    private var exchange: (any HTTPLoopExchange)?
    private var drained = 0
    private var lingering: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    /// Where pieces of the answer go, framed, past the handlers between, which only look at its head and its end; `nil` for a body that is
    /// not chunked. For a piece of a live stream the way through them is most of the work.
    private var encoder: ChannelHandlerContext?

    init(_ responder: any HTTPLoopResponder, isHTTP2: Bool) {
        self.responder = responder
        self.isHTTP2 = isHTTP2
    }

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        encoder = nil
        leave()
    }

    // MARK: What the client says

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request):
            guard responder.takes(request) else { return context.fireChannelRead(data) }
            (isTaking, isAnswered, isLast, isHead, drained) = (true, false, false, request.method == .head, 0)
            let begun = responder.begin(request, self)
            if !isAnswered { exchange = begun }
        case .body(let piece):
            guard isTaking else { return context.fireChannelRead(data) }
            if isAnswered { drain(piece.readableBytes, context) } else { exchange?.received(piece) }
        case .end:
            guard isTaking else { return context.fireChannelRead(data) }
            isTaking = false
            lingering?.cancel()
            lingering = nil
            exchange?.requestEnded()
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.hasRoom() }
        context.fireChannelWritabilityChanged()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        lingering?.cancel()
        lingering = nil
        isTaking = false
        isAnswered = true
        let exchange = exchange
        self.exchange = nil
        exchange?.gone()
    }

    private func drain(_ count: Int, _ context: ChannelHandlerContext) {
        drained += count
        if lingering == nil, drained > Self.drainLimit { linger(context) }
        if drained > Self.lingerLimit { context.close(promise: nil) }
    }

    private func linger(_ context: ChannelHandlerContext) {
        // Only a stream of its own ends.
        if isHTTP2 { return context.close(promise: nil) }
        let held = NIOLoopBound(context, eventLoop: context.eventLoop)
        lingering = context.eventLoop.scheduleTask(in: Self.lingerTime) { held.value.close(promise: nil) }
    }

    // MARK: For who answers

    package var hasRoom: Bool { context?.channel.isWritable == true }

    /// `nil` once the connection has gone.
    package var channel: (any Channel)? { context?.channel }

    /// An interim answer, `100 Continue`.
    package func encourage() {
        context?.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    /// A whole answer. For HEAD requests the body is not sent.
    package func send(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer? = nil) {
        var headers = headers
        headers[.contentLength] = String(body?.readableBytes ?? 0)
        begin(status, headers)
        if let body, body.readableBytes > 0 { write(body) }
        finish()
    }

    /// Neither a length nor a body is added.
    package func begin(_ status: HTTPResponse.Status, _ headers: HTTPFields) {
        var headers = headers
        if headers[.connection]?.lowercased() == "close" { isLast = true }
        // HTTP/2 has no connection to close (RFC 9113 §8.2.2).
        if isHTTP2 { headers[.connection] = nil }
        let isChunked = !isHTTP2 && !isHead && headers[.contentLength] == nil && status.kind == .successful && status != .noContent
        encoder = isChunked ? try? context?.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self) : nil
        context?.write(wrapOutboundOut(.head(HTTPResponse(status: status, headerFields: headers))), promise: nil)
    }

    package func write(_ piece: ByteBuffer) {
        guard !isHead, piece.readableBytes > 0 else { return }
        guard let encoder else {
            context?.write(wrapOutboundOut(.body(piece)), promise: nil)
            return
        }
        // As RFC 9112 §7.1 has it.
        var frame = ByteBuffer(string: String(piece.readableBytes, radix: 16) + "\r\n")
        encoder.write(NIOAny(frame), promise: nil)
        encoder.write(NIOAny(piece), promise: nil)
        frame.moveReaderIndex(forwardBy: frame.readableBytes - 2)
        encoder.write(NIOAny(frame), promise: nil)
    }

    package func flush() { (encoder ?? context)?.flush() }

    /// The answer's end. Nothing of the exchange is called after it.
    package func finish(trailers: HTTPFields? = nil) {
        exchange = nil
        isAnswered = true
        encoder = nil
        guard let context else { return }
        if isTaking, isLast, !isHTTP2 { linger(context) }
        context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: nil)
    }

    /// A half answer cannot be completed: the client sees the connection, or the stream, break. Nothing of the exchange is called after it.
    package func abandon() {
        exchange = nil
        isAnswered = true
        context?.close(promise: nil)
    }
}
