/// The lines of a media playlist into a `PlaylistReader`. Unknown tags are passed over, as a player does.
struct PlaylistParser {
    private(set) var playlist = PlaylistReader()

    // What the tags before a segment's address have said of it.
    private var duration: Double?
    private var isGap = false
    private var startsDiscontinuity = false
    private var wallClock: Int64?
    private var map: PlaylistReader.Map?
    private var range: PlaylistReader.ByteSpan?
    private var parts: [PlaylistReader.Part] = []

    mutating func read(_ text: String) {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let number = index + 1
            do throws(AttributeList.Fault) {
                if index == 0 {
                    guard line == "#EXTM3U" else { throw .init(what: "'\(line)' instead of #EXTM3U") }
                } else if line.hasPrefix("#EXT") {
                    try tag(line.dropFirst(), number)
                } else if !line.isEmpty, !line.hasPrefix("#") {
                    try address(line, number)
                }
            } catch {
                playlist.faults.append(.init(line: number, what: error.what))
            }
        }
        playlist.openParts = parts
        playlist.openStartsDiscontinuity = startsDiscontinuity
        playlist.openWallClock = wallClock
    }

    private mutating func address(_ uri: Substring, _ line: Int) throws(AttributeList.Fault) {
        guard let known = duration else { throw .init(what: "'\(uri)' without EXTINF") }
        playlist.entries.append(
            .init(
                uri: String(uri), duration: known, isGap: isGap, startsDiscontinuity: startsDiscontinuity, line: line, parts: parts,
                wallClock: wallClock, map: map, range: range))
        duration = nil
        isGap = false
        startsDiscontinuity = false
        wallClock = nil
        range = nil
        parts = []
    }

    private mutating func tag(_ text: Substring, _ line: Int) throws(AttributeList.Fault) {
        let name = text.prefix { $0 != ":" }
        let value = text[name.endIndex...].dropFirst()
        playlist.lines[String(name), default: []].append(line)
        switch name {
        case "EXT-X-VERSION": playlist.version = Int(try integer(value, "the version"))
        case "EXT-X-TARGETDURATION": playlist.targetDuration = Int(try integer(value, "the target duration"))
        case "EXT-X-MEDIA-SEQUENCE": playlist.mediaSequence = try integer(value, "the media sequence")
        case "EXT-X-DISCONTINUITY-SEQUENCE": playlist.discontinuitySequence = try integer(value, "the discontinuity sequence")
        case "EXT-X-INDEPENDENT-SEGMENTS": playlist.isIndependent = true
        case "EXT-X-ENDLIST": playlist.isEnded = true
        case "EXT-X-PART-INF":
            guard let target = try AttributeList(value).seconds("PART-TARGET") else { throw .init(what: "PART-TARGET is missing") }
            playlist.partTarget = target
        case "EXT-X-SERVER-CONTROL":
            let attributes = try AttributeList(value)
            playlist.serverControl = .init(
                line: line, canBlockReload: try attributes.isSet("CAN-BLOCK-RELOAD"),
                canSkipUntil: try attributes.seconds("CAN-SKIP-UNTIL"), holdBack: try attributes.seconds("HOLD-BACK"),
                partHoldBack: try attributes.seconds("PART-HOLD-BACK"))
        case "EXT-X-SKIP":
            guard let count = try AttributeList(value).integer("SKIPPED-SEGMENTS") else { throw .init(what: "SKIPPED-SEGMENTS is missing") }
            playlist.skip = .init(line: line, segments: Int(count))
        default: try segmentTag(name, value, line)
        }
    }

    private mutating func segmentTag(_ name: Substring, _ value: Substring, _ line: Int) throws(AttributeList.Fault) {
        switch name {
        case "EXTINF":
            let number = value.prefix { $0 != "," }
            guard let seconds = AttributeList.decimal(number) else { throw .init(what: "duration '\(number)'") }
            duration = seconds
        case "EXT-X-GAP": isGap = true
        case "EXT-X-DISCONTINUITY": startsDiscontinuity = true
        case "EXT-X-PROGRAM-DATE-TIME":
            guard let time = ProgramDateTime.milliseconds(of: value) else { throw .init(what: "date and time '\(value)'") }
            wallClock = time
        case "EXT-X-BYTERANGE": range = try span(String(value))
        case "EXT-X-MAP":
            let attributes = try AttributeList(value)
            map = .init(uri: try attributes.requiredText("URI"), range: try attributes.text("BYTERANGE").map(span))
        case "EXT-X-PART":
            let attributes = try AttributeList(value)
            guard let seconds = try attributes.seconds("DURATION") else { throw .init(what: "DURATION is missing") }
            parts.append(
                .init(
                    line: line, uri: try attributes.requiredText("URI"), duration: seconds,
                    isIndependent: try attributes.isSet("INDEPENDENT"), isGap: try attributes.isSet("GAP"),
                    range: try attributes.text("BYTERANGE").map(span)))
        case "EXT-X-PRELOAD-HINT":
            let attributes = try AttributeList(value)
            guard let kind = try attributes.word("TYPE") else { throw .init(what: "TYPE is missing") }
            playlist.hints.append(
                .init(
                    line: line, kind: kind, uri: try attributes.requiredText("URI"),
                    start: Int(try attributes.integer("BYTERANGE-START") ?? 0),
                    length: try attributes.integer("BYTERANGE-LENGTH").map(Int.init)))
        case "EXT-X-RENDITION-REPORT":
            let attributes = try AttributeList(value)
            playlist.reports.append(
                .init(
                    line: line, uri: try attributes.text("URI"), lastSequence: try attributes.integer("LAST-MSN"),
                    lastPart: try attributes.integer("LAST-PART").map(Int.init)))
        default: break
        }
    }

    private func integer(_ text: Substring, _ what: String) throws(AttributeList.Fault) -> Int64 {
        guard let number = AttributeList.integer(text) else { throw .init(what: "\(what) is '\(text)', no decimal integer") }
        return number
    }

    private func span(_ text: String) throws(AttributeList.Fault) -> PlaylistReader.ByteSpan {
        let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let length = AttributeList.integer(halves[0]).map(Int.init) else { throw .init(what: "byte range '\(text)'") }
        guard halves.count == 2 else { return .init(length: length) }
        guard let start = AttributeList.integer(halves[1]).map(Int.init) else { throw .init(what: "byte range '\(text)'") }
        return .init(length: length, start: start)
    }
}
