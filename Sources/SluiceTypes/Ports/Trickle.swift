package import NIOCore

/// Writes the segments of one trickle channel. Implementations: over HTTP, and into a channel of this process.
package protocol TricklePublisher: Sendable {
    /// Begins the next segment; the ones before it may still be on their way.
    ///
    /// - Throws: `TrickleFailure`, as do the segment's own functions.
    func open() async throws -> TrickleOutgoing

    /// Ends the channel for everybody.
    func close() async throws
}

/// Reads the segments of one trickle channel, in order.
package protocol TrickleSubscriber: Sendable {
    /// The next segment, as soon as it has bytes. Whatever is unread of the one before is given up.
    ///
    /// - Returns: `nil` at the end of the channel.
    /// - Throws: `TrickleFailure`.
    func next() async throws -> TrickleIncoming?
}

/// A segment that is being written. Readers have each piece as soon as it is written.
package struct TrickleOutgoing: Sendable {
    package let sequence: Int64
    private let writePiece: @Sendable (ByteBuffer) async throws -> Void
    private let finishSegment: @Sendable () async throws -> Void

    package init(
        sequence: Int64, write: @escaping @Sendable (ByteBuffer) async throws -> Void,
        finish: @escaping @Sendable () async throws -> Void
    ) {
        self.sequence = sequence
        self.writePiece = write
        self.finishSegment = finish
    }

    /// Returns when there is room for more.
    package func write(_ bytes: ByteBuffer) async throws { try await writePiece(bytes) }
    /// Returns when the other side has it all.
    package func finish() async throws { try await finishSegment() }
}

/// A segment that is being read, to be read once.
package struct TrickleIncoming: Sendable {
    package let sequence: Int64
    package let contentType: String
    /// Segments left out before this one, because the reader was too slow for them.
    package let skipped: Int64
    private let pull: @Sendable () async throws -> ByteBuffer?

    package init(sequence: Int64, contentType: String, skipped: Int64, pull: @escaping @Sendable () async throws -> ByteBuffer?) {
        self.sequence = sequence
        self.contentType = contentType
        self.skipped = skipped
        self.pull = pull
    }

    /// - Returns: `nil` at the end of the segment.
    /// - Throws: `TrickleFailure.cut` when the segment was not written, or kept, to its end.
    package func next() async throws -> ByteBuffer? { try await pull() }

    /// - Throws: `TrickleFailure.tooLong` as soon as more than `limit` bytes came.
    package func collect(upTo limit: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        while let piece = try await pull() {
            guard whole.readableBytes + piece.readableBytes <= limit else { throw TrickleFailure.tooLong(limit: limit) }
            whole.writeImmutableBuffer(piece)
        }
        return whole
    }
}

/// Why a channel cannot be written or read.
package enum TrickleFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case noSuchChannel
    case channelClosed
    case badName(String)
    case limitReached(String)
    /// The segment ended before its end; why.
    case cut(String)
    case tooLong(limit: Int)
    case refused(status: Int, text: String)
    case unreachable(String)

    package var description: String {
        switch self {
        case .noSuchChannel: "there is no such channel; create it first, or check the URL"
        case .channelClosed: "the channel is closed"
        case .badName(let text), .limitReached(let text): text
        case .cut(let why): "the segment was cut short: \(why)"
        case .tooLong(let limit): "the segment is over \(limit) bytes"
        case .refused(let status, let text): "the server answered \(status)\(text.isEmpty ? "" : ": \(text)")"
        case .unreachable(let why): why
        }
    }
}
