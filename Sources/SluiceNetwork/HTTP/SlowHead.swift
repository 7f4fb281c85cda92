import NIOCore

/// How far the parser behind a `SlowHeadCloser` has come. Both stand in one pipeline, so both run on its event loop.
final class HeadProgress {
    /// The next bytes begin a request's head, or go on with one.
    var expectsHead = true
    /// Grows with everything that was read to its end.
    var wholes = 0
}

/// Closes a connection whose peer began a request's head, or only connected, and does not get on with it. Sees the raw bytes.
///
/// The clock starts when the connection is made, and again with bytes of a later head that did not complete it. Bytes that came in
/// one read with the end of what was before them start it with the next byte only; until then the idle time bounds them.
final class SlowHeadCloser: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: TimeAmount
    private let progress: HeadProgress
    private let expire: (_ hasBegun: Bool) -> Bool
    private var timer: Scheduled<Void>?
    private var hasBegun = false

    /// - Parameter expire: closes the connection and returns `true`, or `false` to be asked again a while later.
    init(limit: TimeAmount, progress: HeadProgress, expire: @escaping (_ hasBegun: Bool) -> Bool) {
        self.limit = limit
        self.progress = progress
        self.expire = expire
    }

    func handlerAdded(context: ChannelHandlerContext) { start(context) }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let (expectedHead, wholes) = (progress.expectsHead, progress.wholes)
        context.fireChannelRead(data)
        if progress.wholes != wholes {
            stop()
        } else if expectedHead, context.channel.isActive {
            hasBegun = true
            if timer == nil { start(context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    private func start(_ context: ChannelHandlerContext) {
        let held = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limit) {
            let (closer, context) = held.value
            closer.timer = nil
            if !closer.expire(closer.hasBegun) { closer.start(context) }
        }
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        hasBegun = false
    }
}
