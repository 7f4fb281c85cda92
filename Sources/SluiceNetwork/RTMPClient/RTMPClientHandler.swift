import NIOCore
import SluiceTypes
import SluiceWire

/// Drives one `RTMPClientSession` on its event loop.
final class RTMPClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Ended: Error, CustomStringConvertible {
        let description: String
    }

    private var session: RTMPClientSession
    private var accepted: EventLoopPromise<Void>?
    private let dialTime: TimeAmount
    private let onMedia: @Sendable (RTMPMessage, Int64) -> Void
    private var deadline: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    private var waitsForKeyFrame = true
    private var hasBegun = false
    private(set) var leftOut = 0
    /// Why the connection ended, where the other side gave a reason.
    private(set) var reason: String?

    init(
        _ session: RTMPClientSession, accepted: EventLoopPromise<Void>, dialTime: TimeAmount,
        onMedia: @escaping @Sendable (RTMPMessage, Int64) -> Void
    ) {
        self.session = session
        self.accepted = accepted
        self.dialTime = dialTime
        self.onMedia = onMedia
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        flush(context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: dialTime) {
            let (handler, context) = bound.value
            handler.end("no answer to publish or play within \(handler.dialTime.nanoseconds / 1_000_000) ms", context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        let now = wallClockNanoseconds()
        var ending: String?
        do {
            try session.receive(&bytes) { event in
                switch event {
                case .accepted:
                    deadline?.cancel()
                    accepted?.succeed()
                    accepted = nil
                case .media(let message): onMedia(message, now)
                case .refused(let text): ending = "refused: \(text)"
                case .ended: ending = "the stream is over"
                }
            }
        } catch {
            ending = "\(error)"
        }
        flush(context)
        if let ending { end(ending, context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end("the server closed the connection", context)
        self.context = nil
        context.fireChannelInactive()
    }

    /// Also where no connection came about: then there was nothing to become inactive.
    func handlerRemoved(context: ChannelHandlerContext) {
        accepted?.fail(Ended(description: "no connection"))
        accepted = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end("\(error)", context) }

    func publish(isKey: Bool, _ make: () -> [RTMPMessage]) {
        guard let context, context.channel.isActive else { return }
        if !context.channel.isWritable { waitsForKeyFrame = true } else if isKey { waitsForKeyFrame = false }
        guard !waitsForKeyFrame else {
            leftOut += hasBegun ? 1 : 0
            return
        }
        hasBegun = true
        publish(headers: make())
    }

    func publish(headers: [RTMPMessage]) {
        guard let context, context.channel.isActive else { return }
        for message in headers { session.publish(message) }
        flush(context)
    }

    func finish() {
        guard let context else { return }
        reason = nil
        session.finish()
        flush(context)
        self.context = nil
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard session.output.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(session.output), promise: nil)
        session.output = ByteBuffer()
    }

    private func end(_ text: String, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        // After our own goodbye there is nothing to tell.
        if reason == nil, self.context != nil { reason = text }
        accepted?.fail(Ended(description: text))
        accepted = nil
        context.close(promise: nil)
    }
}
