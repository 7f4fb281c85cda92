import NIOCore
import NIOHTTP2

/// The orderly end of an HTTP/2 connection as its server sees it (RFC 9113 §6.8). Pure.
///
/// First every stream is still welcome, because the peer may be opening one that very moment; once it has acknowledged, only
/// those that came so far are served to their end.
struct HTTP2Farewell: Sendable {
    private enum Phase { case open, announced, restricted }

    private var phase = Phase.open
    private(set) var openStreams = 0
    private(set) var newestStream = HTTP2StreamID.rootStream

    var hasBegun: Bool { phase != .open }
    var isOver: Bool { phase == .restricted && openStreams == 0 }

    mutating func opened(_ stream: HTTP2StreamID) {
        openStreams += 1
        newestStream = max(newestStream, stream)
    }

    mutating func closed() { openStreams -= 1 }

    /// - Returns: whether it begins only now.
    mutating func begin() -> Bool {
        guard case .open = phase else { return false }
        phase = .announced
        return true
    }

    /// The peer knows.
    ///
    /// - Returns: whether that was news.
    mutating func acknowledged() -> Bool {
        guard case .announced = phase else { return false }
        phase = .restricted
        return true
    }
}

/// Ends one HTTP/2 connection in order: when its server ends, and when it has carried no exchange for the idle time, or nothing moved
/// on it for as long.
///
/// A peer that does not acknowledge, and exchanges that do not end, are cut off after the grace period.
final class HTTP2ServerConnection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// Tells the connection of its streams. `Sendable` for the protocol's sake: it is called on the connection's event loop.
    struct Streams: NIOHTTP2StreamDelegate {
        let connection: NIOLoopBound<HTTP2ServerConnection>

        func streamCreated(_ id: HTTP2StreamID, channel: any Channel) {
            connection.value.opened(id)
            // Not `streamClosed`: that is not told of a stream that was forgotten before it ended.
            channel.closeFuture.whenComplete { _ in connection.value.closed() }
        }

        func streamClosed(_ id: HTTP2StreamID, channel: any Channel) {}
    }

    /// Any value does: no other PING is sent to clients.
    private static let farewellPing = HTTP2PingData(withInteger: 0x736c_7569_6365)

    private let idleTime: TimeAmount
    private let grace: TimeAmount
    private let progress: HeadProgress
    private var farewell = HTTP2Farewell()
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?

    init(idleTime: TimeAmount, grace: TimeAmount, progress: HeadProgress) {
        self.idleTime = idleTime
        self.grace = grace
        self.progress = progress
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        startIdleTime(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent || event is IdleStateHandler.IdleStateEvent { beginFarewell(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        progress.wholes += 1
        if case .ping(Self.farewellPing, ack: true) = unwrapInboundIn(data).payload, farewell.acknowledged() {
            write(.goAway(lastStreamID: farewell.newestStream, errorCode: .noError, opaqueData: nil), context)
            context.flush()
            if farewell.isOver { finish(context) }
        }
        context.fireChannelRead(data)
    }

    /// The head of a request has taken too long: there is no answer to give, no stream is open yet.
    func expire() -> Bool {
        context?.close(promise: nil)
        return true
    }

    private func opened(_ stream: HTTP2StreamID) {
        farewell.opened(stream)
        progress.wholes += 1
        progress.expectsHead = false
        // During the farewell the timer is the grace period's.
        if !farewell.hasBegun { timer?.cancel() }
    }

    private func closed() {
        farewell.closed()
        guard farewell.openStreams == 0, let context else { return }
        progress.expectsHead = true
        if farewell.isOver {
            finish(context)
        } else if !farewell.hasBegun {
            startIdleTime(context)
        }
    }

    private func beginFarewell(_ context: ChannelHandlerContext) {
        guard farewell.begin() else { return }
        timer?.cancel()
        write(.goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil), context)
        write(.ping(Self.farewellPing, ack: false), context)
        context.flush()
        let held = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: grace) { held.value.close(promise: nil) }
    }

    /// Closes once the last byte is out, which is when the GOAWAY behind it is.
    private func finish(_ context: ChannelHandlerContext) {
        let held = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // Not within the event that closed the stream: its last frame has not been passed on yet.
        context.eventLoop.execute {
            let (connection, context) = held.value
            guard connection.context != nil else { return }
            let last = HTTP2Frame.FramePayload.goAway(
                lastStreamID: connection.farewell.newestStream, errorCode: .noError, opaqueData: nil)
            context.writeAndFlush(connection.wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: last)))
                .whenComplete { _ in held.value.1.close(promise: nil) }
        }
    }

    private func startIdleTime(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let held = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: idleTime) {
            let (connection, context) = held.value
            connection.beginFarewell(context)
        }
    }

    private func write(_ payload: HTTP2Frame.FramePayload, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: nil)
    }
}
