/// Why a segment did not come back from one orchestrator. Whether to try elsewhere is a property of the reason.
package struct SegmentFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable, CaseIterable {
        /// No connection, or it broke.
        case unreachable
        /// Not answered in time; the text names the clock that ran out.
        case timedOut
        /// Busy or full: elsewhere for this segment, no fault.
        case busy
        /// The session's token was refused; a new session may do.
        case sessionRefused
        /// Refused for another reason.
        case refused
        /// The media itself cannot be transcoded: hopeless everywhere.
        case mediaUnusable
        /// The answer breaks the protocol: garbage, too few renditions, too many.
        case protocolViolation
        /// The transcode failed there for a reason of its own.
        case transcodeFailed
        /// We gave up ourselves.
        case cancelled
    }

    package var reason: Reason
    /// What the peer said, or what was seen; for a person.
    package var detail: String
    /// What came was not what was sent, or no media: what of it was used already is in doubt too.
    package var castsDoubt: Bool

    package init(_ reason: Reason, _ detail: String, castsDoubt: Bool = false) {
        self.reason = reason
        self.detail = detail
        self.castsDoubt = castsDoubt
    }

    package var isWorthRetryingElsewhere: Bool {
        switch reason {
        case .mediaUnusable, .cancelled: false
        default: true
        }
    }

    /// Whether the orchestrator is to blame; a full house and a bad source are nobody's fault.
    package var isFault: Bool {
        switch reason {
        case .busy, .mediaUnusable, .cancelled, .sessionRefused: false
        default: true
        }
    }

    package var description: String { "\(reason): \(detail)" }
}
