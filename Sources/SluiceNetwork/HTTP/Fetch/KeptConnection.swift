import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOPosix
import SluiceTypes

/// A connection without TLS that carries one HTTP/1.1 exchange after another.
final class KeptConnection: Sendable {
    /// It closed before a byte of the answer came: the request may go to another connection.
    struct ClosedBefore: Error {}

    private static let dialTime = TimeAmount.seconds(2)

    private let channel: any Channel
    private let handler: NIOLoopBound<Handler>

    private init(_ channel: any Channel, _ handler: Handler) {
        self.channel = channel
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    static func dial(_ authority: HTTPAuthority, group: any EventLoopGroup) async throws -> KeptConnection {
        do {
            let bootstrap = ClientBootstrap(group: group).connectTimeout(dialTime).channelOption(.tcpOption(.tcp_nodelay), value: 1)
            return try await bootstrap.connect(host: authority.host, port: authority.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = Handler(authority)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(HTTP1ToHTTPClientCodec())
                    try pipeline.addHandler(handler)
                    return KeptConnection(channel, handler)
                }
            }
        } catch {
            throw HTTPClientError.connect(authority, cause: error)
        }
    }

    /// - Returns: the answer, and whether the connection may carry another exchange.
    func exchange(_ request: HTTPRequest, limit: Int, timeout: Duration) async throws -> (HTTPFetched, stays: Bool) {
        let promise = channel.eventLoop.makePromise(of: (HTTPFetched, stays: Bool).self)
        let handler = handler
        let time = TimeAmount(timeout)
        channel.eventLoop.execute { handler.value.begin(request, limit: limit, time: time, promise) }
        return try await promise.futureResult.get()
    }

    func close() { channel.close(promise: nil) }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPResponsePart
        typealias OutboundOut = HTTPRequestPart

        private struct Exchange {
            let promise: EventLoopPromise<(HTTPFetched, stays: Bool)>
            let limit: Int
            let deadline: Scheduled<Void>
            var head: HTTPResponse?
            var body = ByteBuffer()
        }

        private let authority: HTTPAuthority
        private var context: ChannelHandlerContext?
        private var open: Exchange?

        init(_ authority: HTTPAuthority) { self.authority = authority }

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }
        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        func begin(
            _ request: HTTPRequest, limit: Int, time: TimeAmount, _ promise: EventLoopPromise<(HTTPFetched, stays: Bool)>
        ) {
            guard let context, context.channel.isActive, open == nil else { return promise.fail(ClosedBefore()) }
            let name = "\(authority)\(request.path ?? "")"
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            let deadline = context.eventLoop.scheduleTask(in: time) {
                bound.value.fail(HTTPFetcher.TooSlow(address: name, limit: Duration(time)))
            }
            open = Exchange(promise: promise, limit: limit, deadline: deadline)
            context.write(wrapOutboundOut(.head(request)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard var exchange = open else { return context.close(promise: nil) }
            switch unwrapInboundIn(data) {
            case .head(let head):
                if head.status.kind != .informational { open?.head = head }
            case .body(var bytes):
                guard exchange.body.readableBytes + bytes.readableBytes <= exchange.limit else {
                    return fail(HTTPClientError.tooLarge(limit: exchange.limit))
                }
                // Given up first, so that the buffer is written to in place.
                open = nil
                if exchange.body.readableBytes == 0 { exchange.body = bytes } else { exchange.body.writeBuffer(&bytes) }
                open = exchange
            case .end:
                guard let head = exchange.head else { return }
                open = nil
                exchange.deadline.cancel()
                let fetched = HTTPFetched(
                    status: head.status.code, headers: head.headerFields, body: exchange.body, isHTTP2: false,
                    arrival: wallClockNanoseconds())
                let stays = head.headerFields[.connection]?.lowercased() != "close"
                exchange.promise.succeed((fetched, stays))
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            let error: any Error = open?.head == nil ? ClosedBefore() : HTTPClientError.closedEarly(authority)
            fail(error)
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            fail(open?.head == nil ? ClosedBefore() : HTTPClientError.closedEarly(authority, cause: error))
        }

        private func fail(_ error: any Error) {
            if let exchange = open {
                open = nil
                exchange.deadline.cancel()
                exchange.promise.fail(error)
            }
            context?.close(promise: nil)
        }
    }
}
