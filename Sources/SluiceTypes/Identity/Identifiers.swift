/// Names one live stream; `manifestID` on Livepeer's wire, the path element of every playback URL.
///
/// Built only from text that may stand in a URL path and in a file name: letters, digits, `-`, `_`, `.` and `+`,
/// 1 to 128 of them, not starting with a dot.
package struct StreamID: Hashable, Sendable, CustomStringConvertible {
    package static let longest = 128

    package let rawValue: String

    /// - Returns: `nil` when the text is empty, too long, or has a character that is not allowed.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.longest, text.utf8.first != UInt8(ascii: "."),
            text.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        self.rawValue = text
    }

    package var description: String { rawValue }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "+"):
            true
        default: false
        }
    }
}

/// Place of a segment in its stream. RTMP streams count from 0; HTTP push uses the number in the URL.
package struct SegmentSequence: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package var next: Self { Self(rawValue &+ 1) }
    package var description: String { "\(rawValue)" }
}

/// An orchestrator as the network keys it: the text of its service URI, e.g. `https://host:8935`
/// (specs/transcoding-protocol §1.4), or `embedded` for the one in this process.
package struct OrchestratorID: Hashable, Sendable, CustomStringConvertible {
    package static let embedded = OrchestratorID("embedded")

    package let rawValue: String
    package init(_ rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }
}

/// One gateway and one orchestrator bound for one stream; `auth_token.session_id` on the wire.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String
    package init(_ rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }
}
