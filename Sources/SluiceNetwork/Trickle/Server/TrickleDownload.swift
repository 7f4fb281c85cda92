import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

/// `GET {channel}/{seq}`: waits for the first byte, and then passes on what comes until the segment ends, whenever there is something
/// new and the connection has room. All readers of a piece write the same bytes.
final class TrickleDownload: HTTPLoopExchange {
    /// What of a request is wanted once there is something to say; a request that waits costs little more than this.
    struct Question {
        var latest: Int64?
        var isHead: Bool
        /// A body that is cut short ends with the connection, instead of in order with a trailer that says so.
        var dropsOnCut: Bool
        var knownTag: String?
        /// For this reader alone: no cache may give it to another.
        var isPrivate = false
    }

    /// Taken from the channel at a time; the connection's own mark is as high.
    private static let burst = 64 << 10

    private let reader: TrickleReaderID
    private let segment: TrickleSegmentID
    private let relay: TrickleRelay
    private let table: TrickleTable
    private let question: Question
    private let conversation: HTTPConversation
    private var listener: TrickleRelay.Listener?
    private var hasBegun = false
    private var isOver = false
    /// The size was told in the head, so that nothing can be said behind the body.
    private var isSized = false

    init(
        reader: TrickleReaderID, of segment: TrickleSegmentID, on relay: TrickleRelay, _ table: TrickleTable, _ question: Question,
        _ conversation: HTTPConversation
    ) {
        self.reader = reader
        self.segment = segment
        self.relay = relay
        self.table = table
        self.question = question
        self.conversation = conversation
    }

    func start() {
        guard let loop = conversation.channel?.eventLoop else { return gone() }
        let held = NIOLoopBound(self, eventLoop: loop)
        listener = relay.listen(to: segment, on: loop) { held.value.pump() }
        pump()
    }

    func received(_ piece: ByteBuffer) {}
    func requestEnded() {}
    func hasRoom() { pump() }
    func gone() { _ = leave() }

    /// - Returns: `false` when it had been left already.
    private func leave() -> Bool {
        guard !isOver else { return false }
        isOver = true
        if let listener { relay.forget(listener) }
        relay.leave(reader)
        return true
    }

    private func pump() {
        while !isOver, conversation.hasRoom {
            let reading = relay.read(reader, upTo: Self.burst)
            if !reading.pieces.isEmpty, !hasBegun, !begin(reading) { return }
            for piece in reading.pieces { conversation.write(piece) }
            if !reading.pieces.isEmpty {
                conversation.flush()
                if let firstByte = reading.firstByte { relay.arrived(since: firstByte) }
            }
            // Writing may have changed what can be written, and so have called this again, to the end.
            guard !isOver else { return }
            switch reading.next {
            case .more: continue
            case .waiting: return
            case .ended(let end): return finish(end)
            }
        }
        // One who takes nothing more, and whose segment has gone: its place in the bytes is lost.
        if !isOver, !relay.holds(reader) {
            table.metrics.cut.increment()
            abandon()
        }
    }

    private var headers: HTTPFields {
        var headers: HTTPFields = [.trickleSequence: "\(segment.sequence)"]
        if let latest = question.latest { headers[.trickleLatest] = "\(latest)" }
        return headers
    }

    /// - Returns: `false` when all has been said.
    private func begin(_ reading: TrickleReading) -> Bool {
        hasBegun = true
        var headers = headers
        if !relay.contentType.isEmpty { headers[.contentType] = relay.contentType }
        if let size = reading.wholeSize {
            isSized = true
            headers[.contentLength] = "\(size)"
            // A number can come again when a publisher begins anew, so an answer is good for no longer than the segment is kept.
            headers[.cacheControl] = "\(question.isPrivate ? "private, " : "")max-age=\(table.settings.limits.keepTime.components.seconds)"
            let tag = "\"\(relay.mark)-\(segment.sequence)-\(segment.birth)\""
            headers[.eTag] = tag
            if question.knownTag == tag {
                headers[.contentLength] = nil
                say(.notModified, headers)
                return false
            }
        } else {
            headers[.cacheControl] = "no-store"
        }
        if question.isHead {
            // The length so far, for want of the whole; without one, an empty chunk would follow.
            if reading.wholeSize == nil { headers[.contentLength] = "\(reading.pieces.reduce(0) { $0 + $1.readableBytes })" }
            say(.ok, headers)
            return false
        }
        conversation.begin(.ok, headers)
        return true
    }

    private func finish(_ end: TrickleEnd) {
        guard hasBegun else {
            var headers = headers
            headers[.trickleLatest] = "\(end.latest)"
            headers[.contentLength] = "0"
            headers[.cacheControl] = "no-store"
            if end.isChannelClosed { headers[.trickleClosed] = "terminated" }
            return say(.ok, headers)
        }
        if end.cut != nil {
            table.metrics.cut.increment()
            guard !question.dropsOnCut, !isSized else { return abandon() }
        }
        guard leave() else { return }
        conversation.finish(trailers: end.cut.map { [.trickleCut: $0.rawValue] })
    }

    private func say(_ status: HTTPResponse.Status, _ headers: HTTPFields) {
        guard leave() else { return }
        conversation.begin(status, headers)
        conversation.finish()
    }

    private func abandon() {
        guard leave() else { return }
        conversation.abandon()
    }
}
