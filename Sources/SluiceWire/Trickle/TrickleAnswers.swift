package import NIOCore

/// What a publisher finds at the segment it asked for.
package enum TrickleOpening: Hashable, Sendable {
    case segment(TrickleSegmentID)
    /// Has its end already: what is sent to it now is passed over.
    case finished(sequence: Int64)
    case closed
}

/// What became of a publisher's bytes.
package enum TrickleAppend: Hashable, Sendable {
    case taken
    /// The segment was closed under its publisher, by a reset or a DELETE: passed over.
    case late
    case tooLarge(limit: Int)
}

/// How it stands with a segment that somebody writes.
package enum TrickleWriting: Hashable, Sendable {
    case open
    case segmentClosed
    case channelClosed
}

/// What a subscriber finds at the segment it asked for.
package enum TrickleSubscribing: Hashable, Sendable {
    /// - Parameter latest: the leading edge, unless the segment is the one to be written next.
    case reader(TrickleReaderID, of: TrickleSegmentID, latest: Int64?)
    /// Too old, or too far ahead.
    case notFound(sequence: Int64, latest: Int64)
    case closed(sequence: Int64, latest: Int64)
    case full(limit: Int)
}

/// What a reader gets at once.
package struct TrickleReading: Sendable {
    package enum Next: Hashable, Sendable {
        case more
        case waiting
        case ended(TrickleEnd)
    }

    package var pieces: [ByteBuffer] = []
    package var next: Next
    /// With the first bytes, when the reader was there before them: when they came in.
    package var firstByte: ContinuousClock.Instant?
    /// With the first bytes: the size of a segment that is complete.
    package var wholeSize: Int?
}

/// How a segment came to its end for one reader.
package struct TrickleEnd: Hashable, Sendable {
    package var cut: TrickleCut?
    package var latest: Int64
    package var isChannelClosed: Bool
}

/// What a channel has carried in its life.
package struct TrickleCounts: Hashable, Sendable {
    package var bytesIn = 0
    /// To all readers together.
    package var bytesOut = 0
    /// Readers under whom a segment left the window.
    package var lagged = 0
}

/// How it stands with a channel.
package struct TrickleChannelStatus: Hashable, Sendable {
    package var contentType: String
    package var nextWrite: Int64
    package var segments: Int
    package var bytesHeld: Int
    package var readers: Int
    /// Publishers who write a segment, or have announced it.
    package var writers: Int
    /// Bytes that the slowest reader has not had of what is there of its segment.
    package var largestLag: Int
    package var counts: TrickleCounts
    package var lastWrite: ContinuousClock.Instant
}

extension TrickleChannel {
    package var status: TrickleChannelStatus {
        let sizes = Dictionary(uniqueKeysWithValues: segments.map { ($0.id, $0.byteCount) })
        let lags = readers.values.map { (sizes[$0.segment] ?? $0.offset) - $0.offset }
        return TrickleChannelStatus(
            contentType: contentType, nextWrite: nextWrite, segments: segments.count, bytesHeld: cost, readers: readers.count,
            writers: segments.reduce(0) { $0 + max($1.writers, 0) }, largestLag: lags.max() ?? 0, counts: counts, lastWrite: lastWrite)
    }
}
