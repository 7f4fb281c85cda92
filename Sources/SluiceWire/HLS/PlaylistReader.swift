/// A media playlist as a player reads it, with the line at which each thing stands.
package struct PlaylistReader: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package var line: Int
        package var uri: String
        /// Seconds.
        package var duration: Double
        package var isIndependent: Bool
        package var isGap: Bool
        package var range: ByteSpan?
    }

    /// Bytes of a resource: a length, and where they begin when that is said.
    package struct ByteSpan: Hashable, Sendable {
        package var length: Int
        package var start: Int?
    }

    /// An initialization section.
    package struct Map: Hashable, Sendable {
        package var uri: String
        package var range: ByteSpan?
    }

    package struct Entry: Hashable, Sendable {
        package var uri: String
        /// Seconds.
        package var duration: Double
        package var isGap: Bool
        package var startsDiscontinuity: Bool
        package var line: Int
        package var parts: [Part] = []
        /// Milliseconds since 1970, where the playlist says it.
        package var wallClock: Int64?
        package var map: Map?
        package var range: ByteSpan?
    }

    package struct ServerControl: Hashable, Sendable {
        package var line: Int
        package var canBlockReload: Bool
        /// Seconds, like the two below.
        package var canSkipUntil: Double?
        package var holdBack: Double?
        package var partHoldBack: Double?
    }

    package struct PreloadHint: Hashable, Sendable {
        package var line: Int
        /// `PART` or `MAP`.
        package var kind: String
        package var uri: String
        package var start: Int
        package var length: Int?
    }

    package struct RenditionReport: Hashable, Sendable {
        package var line: Int
        package var uri: String?
        package var lastSequence: Int64?
        package var lastPart: Int?
    }

    /// The segments that a delta update leaves out, which the player knows already.
    package struct Skip: Hashable, Sendable {
        package var line: Int
        package var segments: Int
    }

    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let line: Int
        package let what: String
        package var description: String { "playlist line \(line): \(what)" }
    }

    package internal(set) var version = 1
    package internal(set) var mediaSequence: Int64 = 0
    package internal(set) var discontinuitySequence: Int64 = 0
    package internal(set) var targetDuration = 0
    /// Seconds; `nil` in a playlist without parts.
    package internal(set) var partTarget: Double?
    package internal(set) var serverControl: ServerControl?
    package internal(set) var skip: Skip?
    package internal(set) var entries: [Entry] = []
    /// Parts of the segment that is not complete yet.
    package internal(set) var openParts: [Part] = []
    /// Of the segment that is not complete yet.
    package internal(set) var openStartsDiscontinuity = false
    package internal(set) var openWallClock: Int64?
    package internal(set) var hints: [PreloadHint] = []
    package internal(set) var reports: [RenditionReport] = []
    package internal(set) var isIndependent = false
    package internal(set) var isEnded = false
    /// Lines of each tag, by its name without the `#`.
    package internal(set) var lines: [String: [Int]] = [:]
    /// What could not be read.
    package internal(set) var faults: [Malformed] = []

    init() {}

    /// Reads what can be read; the rest is in `faults`.
    package init(_ text: String) {
        var parser = PlaylistParser()
        parser.read(text)
        self = parser.playlist
    }

    /// As `init`, but refuses a playlist with faults.
    package static func read(_ text: String) throws(Malformed) -> PlaylistReader {
        let playlist = PlaylistReader(text)
        if let first = playlist.faults.first { throw first }
        return playlist
    }

    package func line(of tag: String) -> Int? { lines[tag]?.first }

    /// Whether it is a low-latency playlist.
    package var hasParts: Bool { partTarget != nil || !openParts.isEmpty || entries.contains { !$0.parts.isEmpty } }

    /// The sequence number of the first entry that stands in the text.
    package var firstSequence: Int64 { mediaSequence + Int64(skip?.segments ?? 0) }

    /// The sequence number of the segment that is being made.
    package var openSequence: Int64 { firstSequence + Int64(entries.count) }

    package func entry(_ sequence: Int64) -> Entry? {
        let index = sequence - firstSequence
        return index >= 0 && index < entries.count ? entries[Int(index)] : nil
    }

    /// The segment and the part that an unfinished stream gives next: how a player asks for it.
    package var nextPart: PlaylistPosition { PlaylistPosition(sequence: openSequence, part: openParts.count) }

    /// Seconds of media from the end of the entry at this index to the end of the playlist.
    package func secondsAfter(_ index: Int) -> Double {
        openParts.reduce(0) { $0 + $1.duration } + entries[(index + 1)...].reduce(0) { $0 + $1.duration }
    }
}

/// A part of a segment by its numbers; `_HLS_msn` and `_HLS_part` of a request.
package struct PlaylistPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var sequence: Int64
    package var part: Int

    package init(sequence: Int64, part: Int) {
        self.sequence = sequence
        self.part = part
    }

    package static func < (left: Self, right: Self) -> Bool { (left.sequence, left.part) < (right.sequence, right.part) }
    package var description: String { "\(sequence).\(part)" }
}
