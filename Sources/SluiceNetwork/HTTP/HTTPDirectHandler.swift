package import HTTPTypes
package import NIOCore
import NIOHTTPTypes

/// A whole answer.
package struct HTTPDirectAnswer: Sendable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    /// The body, one piece behind the other. `Content-Length` is set by who writes it.
    package var pieces: [ByteBuffer]

    package init(_ status: HTTPResponse.Status, headers: HTTPFields, pieces: [ByteBuffer] = []) {
        self.status = status
        self.headers = headers
        self.pieces = pieces
    }
}

/// Answers requests on the connection's event loop, where a task for each would cost more than the answer.
package protocol HTTPDirectResponder: Sendable {
    /// Whether it answers this one. What it does not take goes to the server's `HTTPResponder`.
    func takes(_ request: HTTPRequest) -> Bool

    /// - Parameter completion: called once on the event loop, within the call or later; never after a cancel.
    /// - Returns: what to call when nobody waits for the answer any more; `nil` when it has been given.
    func respond(
        to request: HTTPRequest, from remoteAddress: String, on loop: any EventLoop, completion: @escaping (HTTPDirectAnswer) -> Void
    ) -> (() -> Void)?
}

/// Stands before the connection's task and keeps from it what is answered here.
final class HTTPDirectHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// The connection's task has the request, or there is none.
        case passing
        case receiving(HTTPRequest)
        /// The peer has not taken the answer before this one: with none of its own to write, this one keeps the next from coming.
        case held(HTTPRequest)
        case waiting(cancel: () -> Void)
    }

    private let responder: any HTTPDirectResponder
    private var state = State.passing

    init(_ responder: any HTTPDirectResponder) { self.responder = responder }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request) where responder.takes(request): state = .receiving(request)
        case .body where isReceiving: break
        case .end:
            guard case .receiving(let request) = state else { return context.fireChannelRead(data) }
            answer(request, context)
        default: context.fireChannelRead(data)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .waiting(let cancel) = state { cancel() }
        state = .passing
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        guard event is ChannelShouldQuiesceEvent, case .waiting(let cancel) = state else { return }
        cancel()
        state = .passing
        write(HTTPDirectAnswer(.serviceUnavailable, headers: [.cacheControl: "no-store"]), isHead: false, context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .held(let request) = state { answer(request, context) }
        context.fireChannelWritabilityChanged()
    }

    private var isReceiving: Bool {
        if case .receiving = state { true } else { false }
    }

    private func answer(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return state = .held(request) }
        let isHead = request.method == .head
        state = .passing
        let cancel = responder.respond(to: request, from: remoteAddress(context), on: context.eventLoop) { [weak self] answer in
            self?.state = .passing
            self?.write(answer, isHead: isHead, context)
        }
        if let cancel { state = .waiting(cancel: cancel) }
    }

    /// The channel's, not the context's: a stream of HTTP/2 has its connection's, and no other way to it.
    private func remoteAddress(_ context: ChannelHandlerContext) -> String { context.channel.remoteAddress?.ipAddress ?? "" }

    private func write(_ answer: HTTPDirectAnswer, isHead: Bool, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers = answer.headers
        if answer.status != .noContent { headers[.contentLength] = String(answer.pieces.reduce(0) { $0 + $1.readableBytes }) }
        context.write(wrapOutboundOut(.head(HTTPResponse(status: answer.status, headerFields: headers))), promise: nil)
        if !isHead { for piece in answer.pieces { context.write(wrapOutboundOut(.body(piece)), promise: nil) } }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
