import NIOCore
import NIOHTTP1

/// Ends one HTTP/1 connection where its peer will not, or asked for it: tells the closer of slow heads and answers 408 for it,
/// answers 400 to what is no HTTP, and closes behind the answer to a request that was the peer's last.
///
/// Stands right behind the decoder, where a request is seen as soon as it is parsed, while the one before it is still being
/// answered.
final class HTTP1ServerConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let progress: HeadProgress
    private let headTime: TimeAmount
    private var requests = 0
    private var answers = 0
    private var requestEnds = 0
    /// The number of the request that said `Connection: close`, or came by HTTP/1.0 without asking for more, or whose answer said so.
    private var lastRequest: Int?
    private var hasAnswerBegun = false
    /// The last word has been said from here: what a responder still has to say goes nowhere.
    private var isOver = false
    private var context: ChannelHandlerContext?

    init(progress: HeadProgress, headTime: TimeAmount) {
        self.progress = progress
        self.headTime = headTime
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// At the end, or when the connection speaks something else from now on, which has no heads.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        progress.expectsHead = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            progress.expectsHead = false
            progress.wholes += 1
            requests += 1
            if !head.isKeepAlive { lastRequest = lastRequest ?? requests }
        case .body: break
        case .end:
            progress.expectsHead = true
            progress.wholes += 1
            requestEnds += 1
        }
        context.fireChannelRead(data)
        // Answered before it had come in whole.
        if requestEnds == lastRequest, requestEnds == answers { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(error)
        guard error is HTTPParserError, !isOver else { return }
        isOver = true
        // In the middle of another answer there is no place for this one.
        if !hasAnswerBegun { refuse(.badRequest, "this is no HTTP/1.1: \(error)", context) }
        context.close(promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isOver {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            hasAnswerBegun = true
            if !head.isKeepAlive { lastRequest = answers + 1 }
            if lastRequest == answers + 1 { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            hasAnswerBegun = false
            answers += 1
            // A request that is still coming in is read on for a while by who serves it: a close under the peer's hands could destroy
            // the answer before it has read it.
            guard lastRequest == answers, requestEnds >= answers else { return context.write(data, promise: promise) }
            let held = NIOLoopBound(context, eventLoop: context.eventLoop)
            let written = context.write(data)
            // The last byte is with the kernel then; closing before could cut off what is queued.
            written.whenComplete { _ in held.value.close(promise: nil) }
            written.cascade(to: promise)
        default: context.write(data, promise: promise)
        }
    }

    /// A peer that only connected is closed without a word: a browser would show the answer to a request it never made.
    ///
    /// - Returns: `false` while an earlier request is being answered.
    func expire(hasBegun: Bool) -> Bool {
        guard answers == requests else { return false }
        guard let context else { return true }
        if hasBegun {
            let limit = Double(headTime.nanoseconds) / 1e9
            refuse(.requestTimeout, "the head of the request was not complete within \(limit) s", context)
        }
        isOver = true
        context.close(promise: nil)
        return true
    }

    private func refuse(_ status: HTTPResponseStatus, _ text: String, _ context: ChannelHandlerContext) {
        let text = ByteBuffer(string: text + "\n")
        let headers: HTTPHeaders = [
            "content-type": "text/plain; charset=utf-8", "content-length": "\(text.readableBytes)", "connection": "close",
        ]
        context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(text))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
