import NIOCore
import NIOHTTP2
import NIOHTTPTypesHTTP2
import Synchronization

/// An open HTTP/2 connection and the exchanges that lean on it. Retired, it takes no more and closes with the last of them.
final class WarmConnection: Sendable {
    typealias Streams = NIOHTTP2Handler.AsyncStreamMultiplexer<Void>

    private struct State {
        var exchanges = 0
        var isRetired = false
    }

    let channel: any Channel
    private let streams: Streams
    private let state = Mutex(State())

    init(channel: any Channel, streams: Streams) {
        self.channel = channel
        self.streams = streams
    }

    var isUsable: Bool { channel.isActive && state.withLock { !$0.isRetired } }

    /// - Returns: `nil` when it is retired, or broke: another has to be dialled. Otherwise `release` must follow.
    func openStream() async -> HTTPClientChannel? {
        let isWelcome = state.withLock { state in
            guard !state.isRetired else { return false }
            state.exchanges += 1
            return true
        }
        guard isWelcome else { return nil }
        do {
            return try await streams.openStream { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LeavingGuard(connection: self))
                    try channel.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPClientCodec())
                    return try HTTPClientChannel(wrappingChannelSynchronously: channel)
                }
            }
        } catch {
            retire()
            release()
            return nil
        }
    }

    func release() {
        let isOver = state.withLock { state in
            state.exchanges -= 1
            return state.isRetired && state.exchanges == 0
        }
        if isOver { channel.close(promise: nil) }
    }

    func retire() {
        let isOver = state.withLock { state in
            defer { state.isRetired = true }
            return !state.isRetired && state.exchanges == 0
        }
        if isOver { channel.close(promise: nil) }
    }
}

/// Keeps a request from a connection whose peer said goodbye after the stream was opened and before its head was written. Both happen
/// on the connection's event loop, so there is no moment between.
private final class LeavingGuard: ChannelOutboundHandler {
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let connection: WarmConnection
    private var hasBegun = false

    init(connection: WarmConnection) { self.connection = connection }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard hasBegun || connection.isUsable else {
            promise?.fail(NotProcessed())
            context.fireErrorCaught(NotProcessed())
            return
        }
        hasBegun = true
        context.write(data, promise: promise)
    }
}
