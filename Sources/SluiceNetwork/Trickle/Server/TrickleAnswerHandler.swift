import HTTPTypes
import NIOCore
import NIOHTTPTypes
import SluiceTypes
import SluiceWire

/// Writes one answer to a reader: stands at the end of its connection's handlers for as long as the answer takes, and writes whenever
/// there is something new and the connection has room. All readers of a piece write the same bytes.
final class TrickleAnswerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    struct Style: Sendable {
        var headers: HTTPFields
        var isHead: Bool
        /// A body that is cut short ends with the connection, instead of in order with a trailer that says so.
        var dropsOnCut: Bool
        var knownTag: String?
        var caching: String
    }

    /// Taken from the channel at a time; the connection's own mark is as high.
    private static let burst = 64 << 10

    private let reader: TrickleReaderID
    private let segment: TrickleSegmentID
    private let relay: TrickleRelay
    private let style: Style
    private let cuts: Counter
    private let done: EventLoopPromise<Void>
    private var listener: TrickleRelay.Listener?
    private var context: ChannelHandlerContext?
    private var hasBegun = false
    /// The size was told in the head, so that nothing can be said behind the body.
    private var isSized = false

    init(
        reader: TrickleReaderID, of segment: TrickleSegmentID, on relay: TrickleRelay, style: Style, cuts: Counter,
        done: EventLoopPromise<Void>
    ) {
        self.reader = reader
        self.segment = segment
        self.relay = relay
        self.style = style
        self.cuts = cuts
        self.done = done
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let held = NIOLoopBound(self, eventLoop: context.eventLoop)
        listener = relay.listen(to: segment, on: context.eventLoop) { held.value.pump() }
        pump()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        if let listener { relay.forget(listener) }
        done.fail(ChannelError.ioOnClosedChannel)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump()
        context.fireChannelWritabilityChanged()
    }

    private func pump() {
        guard let context else { return }
        while context.channel.isWritable {
            let reading = relay.read(reader, upTo: Self.burst)
            if !reading.pieces.isEmpty, !hasBegun, !begin(reading, context) { return }
            for piece in reading.pieces { context.write(wrapOutboundOut(.body(piece)), promise: nil) }
            if !reading.pieces.isEmpty {
                context.flush()
                if let firstByte = reading.firstByte { relay.arrived(since: firstByte) }
            }
            // Writing may have changed what can be written, and so have called this again, to the end.
            guard self.context != nil else { return }
            switch reading.next {
            case .more: continue
            case .waiting: return
            case .ended(let end): return finish(end, context)
            }
        }
        // One who takes nothing more, and whose segment has gone: its place in the bytes is lost.
        if !relay.holds(reader) {
            cuts.increment()
            abandon(context)
        }
    }

    /// - Returns: `false` when all has been said.
    private func begin(_ reading: TrickleReading, _ context: ChannelHandlerContext) -> Bool {
        hasBegun = true
        var headers = style.headers
        if let size = reading.wholeSize {
            isSized = true
            headers[.contentLength] = "\(size)"
            headers[.cacheControl] = style.caching
            let tag = "\"\(relay.mark)-\(segment.sequence)-\(segment.birth)\""
            headers[.eTag] = tag
            if style.knownTag == tag {
                headers[.contentLength] = nil
                say(.notModified, headers, context)
                return false
            }
        } else {
            headers[.cacheControl] = "no-store"
        }
        if style.isHead {
            // The length so far, for want of the whole; without one, an empty chunk would follow.
            if reading.wholeSize == nil { headers[.contentLength] = "\(reading.pieces.reduce(0) { $0 + $1.readableBytes })" }
            say(.ok, headers, context)
            return false
        }
        context.write(wrapOutboundOut(.head(HTTPResponse(status: .ok, headerFields: headers))), promise: nil)
        return true
    }

    private func finish(_ end: TrickleEnd, _ context: ChannelHandlerContext) {
        guard hasBegun else {
            var headers = style.headers
            headers[.contentType] = nil
            headers[.trickleLatest] = "\(end.latest)"
            headers[.contentLength] = "0"
            headers[.cacheControl] = "no-store"
            if end.isChannelClosed { headers[.trickleClosed] = "terminated" }
            return say(.ok, headers, context)
        }
        if end.cut != nil {
            cuts.increment()
            guard !style.dropsOnCut, !isSized else { return abandon(context) }
        }
        leave(context, trailers: end.cut.map { [.trickleCut: $0.rawValue] })
    }

    private func say(_ status: HTTPResponse.Status, _ headers: HTTPFields, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(HTTPResponse(status: status, headerFields: headers))), promise: nil)
        leave(context, trailers: nil)
    }

    private func leave(_ context: ChannelHandlerContext, trailers: HTTPFields?) {
        self.context = nil
        context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: nil)
        done.succeed(())
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func abandon(_ context: ChannelHandlerContext) {
        self.context = nil
        done.fail(HTTPAnswerAbandoned())
        context.close(promise: nil)
    }
}
