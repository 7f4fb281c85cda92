/// Which segment of a channel a URL names.
package enum TrickleIndex: Hashable, Sendable {
    case number(Int64)
    /// `-1`: the one to be written next.
    case next
    /// `-2`: the newest that has bytes.
    case newest

    /// Past it a number no longer fits the doubles that JavaScript counts in, and the one after it must fit as well.
    package static let highest: Int64 = (1 << 53) - 2

    /// - Returns: `nil` for what is no decimal integer, a negative one that means nothing, and one over `highest`.
    package init?(_ text: some StringProtocol) {
        guard let number = Int64(text) else { return nil }
        switch number {
        case -1: self = .next
        case -2: self = .newest
        case 0...Self.highest: self = .number(number)
        default: return nil
        }
    }

    /// As it stands in a URL.
    package var text: String {
        switch self {
        case .number(let number): "\(number)"
        case .next: "-1"
        case .newest: "-2"
        }
    }
}

/// One segment of one channel. Two segments with the same number, of two lives of a publisher, are two of these.
package struct TrickleSegmentID: Hashable, Sendable {
    package let sequence: Int64
    /// Counts the segments of the channel.
    package let birth: Int
}

/// One who reads one segment.
package struct TrickleReaderID: Hashable, Sendable {
    let number: Int
}

/// The names of trickle's own headers.
package enum TrickleHeader {
    package static let sequence = "Lp-Trickle-Seq"
    package static let latest = "Lp-Trickle-Latest"
    package static let closed = "Lp-Trickle-Closed"
    package static let reset = "Lp-Trickle-Reset"
    package static let expectContent = "Expect-Content"
    /// Ours, in the trailer of a body that was cut short: why. Clients that do not know it see a whole segment, as from the reference.
    package static let cut = "Lp-Trickle-Cut"
    /// Ours, of a request: `drop` has a body that is cut short end with the connection instead of in order.
    package static let onCut = "Lp-Trickle-On-Cut"
}

/// Why a segment's bytes end before its publisher, or its reader, came to the end.
package enum TrickleCut: String, Hashable, Sendable {
    /// The publisher's connection broke in the middle.
    case publisherLost = "publisher-lost"
    /// The segment grew past what one may have.
    case tooLarge = "too-large"
    /// The channel, or the whole server, holds no more.
    case full
    /// The segment left the window before its reader was through: it was too slow, or the publisher began anew.
    case lagged
}
