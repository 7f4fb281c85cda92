package import SluiceTypes

/// One line of a media playlist.
package struct PlaylistEntry: Hashable, Sendable {
    package var sequence: SegmentSequence
    package var duration: Duration
    /// Nanoseconds since 1970 of the first byte.
    package var wallClock: Int64
    package var startsDiscontinuity: Bool
    package var isGap: Bool
    package var container: SegmentContainer
    package var byteCount: Int

    package init(
        sequence: SegmentSequence, duration: Duration, wallClock: Int64, startsDiscontinuity: Bool, isGap: Bool,
        container: SegmentContainer, byteCount: Int
    ) {
        self.sequence = sequence
        self.duration = duration
        self.wallClock = wallClock
        self.startsDiscontinuity = startsDiscontinuity
        self.isGap = isGap
        self.container = container
        self.byteCount = byteCount
    }
}

/// The live window of one rendition: which entries stand in the playlist, which are only just gone, and how they read (RFC 8216).
package struct PlaylistWindow: Sendable {
    private let length: Int
    private let grace: Int
    /// What the playlist lists now.
    package private(set) var entries: [PlaylistEntry] = []
    /// Left the playlist, bytes still kept.
    private var retired: [PlaylistEntry] = []
    private let numbering: PlaylistNumbering
    package private(set) var mediaSequence: Int64
    private var discontinuitySequence: Int64
    private var targetSeconds = 1
    /// The first sequence ever listed, to tell those that left from those that never were.
    private var oldest: SegmentSequence?
    private var newestGone: SegmentSequence?
    package private(set) var isEnded = false
    private var nextStartsDiscontinuity = false

    /// - Parameters:
    ///   - length: entries listed; above zero.
    ///   - grace: entries kept behind the window for players that are a little late.
    package init(length: Int = 6, grace: Int = 1, numbering: PlaylistNumbering = PlaylistNumbering()) {
        self.length = length
        self.grace = grace
        self.numbering = numbering
        mediaSequence = numbering.segment
        discontinuitySequence = numbering.discontinuity
    }

    /// The name of a segment's file below the rendition's folder.
    package func name(of entry: PlaylistEntry) -> String {
        "\(entry.sequence.rawValue &+ numbering.nameOffset).\(entry.container.rawValue)"
    }

    /// - Parameter number: in the name of a file.
    package func sequence(named number: Int64) -> SegmentSequence { SegmentSequence(number &- numbering.nameOffset) }

    /// - Returns: sequences whose bytes may be dropped now.
    package mutating func append(_ entry: PlaylistEntry) -> [SegmentSequence] {
        var entry = entry
        if nextStartsDiscontinuity {
            entry.startsDiscontinuity = true
            nextStartsDiscontinuity = false
        }
        // The very first entry has nothing before it to differ from.
        if oldest == nil {
            entry.startsDiscontinuity = false
            oldest = entry.sequence
            if let first = numbering.firstSequence { mediaSequence &+= max(0, entry.sequence.rawValue &- first) }
        }
        entries.append(entry)
        targetSeconds = max(targetSeconds, Int(entry.duration.inSeconds.rounded()))
        while entries.count > length {
            let left = entries.removeFirst()
            if left.startsDiscontinuity { discontinuitySequence += 1 }
            mediaSequence += 1
            retired.append(left)
        }
        var gone: [SegmentSequence] = []
        while retired.count > grace {
            let left = retired.removeFirst()
            newestGone = left.sequence
            gone.append(left.sequence)
        }
        return gone
    }

    /// Where a rendition begins that comes later than this one, so that the two are numbered alike.
    package var numberingFromNow: PlaylistNumbering {
        var later = numbering
        later.firstSequence = oldest?.rawValue
        later.discontinuity = discontinuitySequence + Int64(entries.count { $0.startsDiscontinuity })
        return later
    }

    /// No entry follows.
    package mutating func end() { isEnded = true }

    /// The stream goes on after all; its next entry starts a discontinuity.
    package mutating func reopen() {
        isEnded = false
        nextStartsDiscontinuity = true
    }

    package func standing(of sequence: SegmentSequence) -> Delivery<PlaylistEntry> {
        if let entry = entries.first(where: { $0.sequence == sequence }) ?? retired.first(where: { $0.sequence == sequence }) {
            return .found(entry)
        }
        if let oldest, let newestGone, sequence >= oldest, sequence <= newestGone { return .gone }
        return .unknown
    }

    /// Bits per second of the densest segment in the window; 0 before the first.
    package var peakBandwidth: Int { measured.map { bandwidth($0) }.max() ?? 0 }

    /// Bits per second over the window.
    package var averageBandwidth: Int {
        let seconds = measured.reduce(0) { $0 + $1.duration.inSeconds }
        return seconds > 0 ? Int(Double(measured.reduce(0) { $0 + $1.byteCount }) * 8 / seconds) : 0
    }

    private var measured: [PlaylistEntry] { entries.filter { !$0.isGap && $0.duration >= .milliseconds(1) } }

    private func bandwidth(_ entry: PlaylistEntry) -> Int { Int(Double(entry.byteCount) * 8 / entry.duration.inSeconds) }

    /// The playlist's text. Segment URIs are relative to `/stream/{id}/{rendition}.m3u8`.
    package func render(rendition: String) -> String {
        let hasGap = entries.contains { $0.isGap }
        var text = "#EXTM3U\n#EXT-X-VERSION:\(hasGap ? 8 : 3)\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        text += "#EXT-X-TARGETDURATION:\(targetSeconds)\n#EXT-X-MEDIA-SEQUENCE:\(mediaSequence)\n"
        text += "#EXT-X-DISCONTINUITY-SEQUENCE:\(discontinuitySequence)\n"
        let path = PercentEncoding.pathElement(rendition)
        for (index, entry) in entries.enumerated() {
            if entry.startsDiscontinuity { text += "#EXT-X-DISCONTINUITY\n" }
            if index == 0 || entry.startsDiscontinuity {
                text += "#EXT-X-PROGRAM-DATE-TIME:\(ProgramDateTime.text(nanoseconds: entry.wallClock))\n"
            }
            if entry.isGap { text += "#EXT-X-GAP\n" }
            text += "#EXTINF:\(Self.seconds(entry.duration)),\n\(path)/\(name(of: entry))\n"
        }
        if isEnded { text += "#EXT-X-ENDLIST\n" }
        return text
    }

    /// Five decimals, without a trip through locale or format strings.
    private static func seconds(_ duration: Duration) -> String {
        let ticks = Int64((max(0, duration.inSeconds) * 100_000).rounded())
        let fraction = String(ticks % 100_000)
        return "\(ticks / 100_000)." + String(repeating: "0", count: 5 - fraction.count) + fraction
    }
}
