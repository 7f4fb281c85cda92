import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

/// `POST {channel}/{seq}`: each piece goes to the readers as it is read; the answer waits for the end of the body, or of the segment.
final class TrickleUpload: HTTPLoopExchange {
    private enum Outcome {
        case ended
        /// The segment, or the channel, was closed under the publisher.
        case closed
        case tooLarge(limit: Int)
        case full
    }

    private let segment: TrickleSegmentID
    private let relay: TrickleRelay
    private let endpoint: TrickleEndpoint
    private let conversation: HTTPConversation
    private var listener: TrickleRelay.Listener?
    /// Keeps the connection alive until the first byte.
    private var interim: RepeatedTask?
    private var hasBegun = false
    private var isOver = false
    /// Bytes that came after the segment's end.
    private var late = 0

    init(to segment: TrickleSegmentID, of relay: TrickleRelay, _ endpoint: TrickleEndpoint, _ conversation: HTTPConversation) {
        self.segment = segment
        self.relay = relay
        self.endpoint = endpoint
        self.conversation = conversation
    }

    func start() {
        guard let channel = conversation.channel else { return gone() }
        let held = NIOLoopBound(self, eventLoop: channel.eventLoop)
        listener = relay.listenAsWriter(of: segment, on: channel.eventLoop) { held.value.look() }
        let time = TimeAmount(endpoint.interimTime)
        interim = channel.eventLoop.scheduleRepeatedTask(initialDelay: time, delay: time) { _ in held.value.conversation.encourage() }
        // It may have been closed before there was anybody to be told.
        look()
    }

    func received(_ piece: ByteBuffer) {
        guard !isOver, piece.readableBytes > 0 else { return }
        if !hasBegun {
            hasBegun = true
            interim?.cancel()
        }
        switch relay.append(piece, to: segment) {
        case .taken: break
        case .late:
            late += piece.readableBytes
            let limit = endpoint.table.settings.limits.mostSegmentBytes
            if late > limit { answer(.tooLarge(limit: limit)) }
        case .tooLarge(let limit): answer(.tooLarge(limit: limit))
        case nil: answer(.full)
        }
    }

    func requestEnded() { answer(.ended) }
    func hasRoom() {}

    func gone() {
        guard leave() else { return }
        relay.abandon(segment)
    }

    /// The segment, or the channel, may have ended.
    private func look() {
        guard !isOver else { return }
        switch relay.writing(of: segment) {
        case .open: break
        // One who is late is heard out (specs/trickle-protocol §4.6), and what it says passed over.
        case .segmentClosed: if !hasBegun { answer(.closed) }
        case .channelClosed: answer(.closed)
        }
    }

    /// - Returns: `false` when it had been left already.
    private func leave() -> Bool {
        guard !isOver else { return false }
        isOver = true
        interim?.cancel()
        if let listener { relay.forget(listener) }
        return true
    }

    private func answer(_ outcome: Outcome) {
        guard leave() else { return }
        var headers: HTTPFields = [.trickleSequence: "\(segment.sequence)"]
        switch outcome {
        case .ended:
            let hadBytes = relay.finish(segment)
            if !hadBytes { headers[.connection] = "close" }
            if relay.writing(of: segment) == .channelClosed { headers[.trickleClosed] = "terminated" }
            conversation.send(.ok, headers: headers)
        case .closed:
            relay.abandon(segment)
            headers[.connection] = "close"
            if relay.writing(of: segment) == .channelClosed { headers[.trickleClosed] = "terminated" }
            conversation.send(.ok, headers: headers)
        case .tooLarge(let limit):
            relay.abandon(segment)
            endpoint.table.metrics.refused.increment()
            endpoint.refuse(
                .contentTooLarge, "a segment may have \(limit) bytes; end it and go on with the next number", conversation,
                headers: headers, closes: true)
        case .full:
            relay.abandon(segment)
            endpoint.table.metrics.refused.increment()
            endpoint.refuse(
                .tooManyRequests,
                "the server's channels hold \(endpoint.table.settings.mostBytes) bytes, its limit; try again later", conversation,
                headers: headers, closes: true)
        }
    }
}
