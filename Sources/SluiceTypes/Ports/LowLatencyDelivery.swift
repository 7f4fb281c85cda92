package import NIOCore

/// The three parameters of a playlist reload that may wait (draft-pantos-hls-rfc8216bis §6.2.5).
package struct PlaylistReload: Hashable, Sendable {
    /// `_HLS_msn`: answer once this segment, or its part, is there.
    package var sequence: Int64?
    /// `_HLS_part`.
    package var part: Int?
    /// `_HLS_skip`: what the player has already may be left out.
    package var skips: Bool

    package init(sequence: Int64? = nil, part: Int? = nil, skips: Bool = false) {
        self.sequence = sequence
        self.part = part
        self.skips = skips
    }
}

/// What a viewer may ask of a stream in low latency.
package enum LowLatencyRequest: Hashable, Sendable {
    case multivariant
    case playlist(rendition: String, PlaylistReload)
    case initialization(rendition: String, Int64)
    case segment(rendition: String, Int64)
    case part(rendition: String, Int64)
}

/// What goes out to a viewer.
package struct LowLatencyContent: Sendable {
    package enum Kind: Hashable, Sendable {
        /// The same whoever asks and whenever: the question names the answer.
        case blockedPlaylist
        case playlist
        case media
    }

    package var kind: Kind
    /// One behind the other.
    package var pieces: [ByteBuffer]
    package var isCompressed: Bool
    package var targetDuration: Duration

    package init(kind: Kind, pieces: [ByteBuffer], isCompressed: Bool = false, targetDuration: Duration) {
        self.kind = kind
        self.pieces = pieces
        self.isCompressed = isCompressed
        self.targetDuration = targetDuration
    }

    package var size: Int { pieces.reduce(0) { $0 + $1.readableBytes } }
}

package enum LowLatencyAnswer: Sendable {
    case found(LowLatencyContent)
    case gone
    case unknown
    /// 400, and why.
    case refused(String)
    /// 503: what was waited for did not come, or too many wait.
    case unavailable(String)
    /// The room gets the answer later; give up after the time, and tell by `cancel` that nobody waits any more.
    case waiting(giveUpAfter: Duration, cancel: @Sendable () -> Void)
}

/// Somebody who waits for what is not there yet.
package struct Waiter: Sendable {
    package var room: any WaitingRoom
    /// Known to the room alone; unique among those who wait at the same time.
    package var ticket: UInt64
    package var acceptsGzip: Bool

    package init(room: any WaitingRoom, ticket: UInt64, acceptsGzip: Bool) {
        self.room = room
        self.ticket = ticket
        self.acceptsGzip = acceptsGzip
    }
}

/// Where viewers wait without a task for each: all those of one event loop, who are told together.
package protocol WaitingRoom: AnyObject, Sendable {
    /// Called from any thread, at most once for a ticket.
    func deliver(_ answer: LowLatencyAnswer, to tickets: [UInt64])
}

/// What viewers close behind live may ask of a stream. Answers at once, from memory, from any thread; what is not there yet later.
package protocol LowLatencySource: Sendable {
    func lowLatency(_ request: LowLatencyRequest, of stream: StreamID, waiter: Waiter) -> LowLatencyAnswer
}
