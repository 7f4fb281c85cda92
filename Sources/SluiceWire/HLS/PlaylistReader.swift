/// A media playlist as a player reads it.
package struct PlaylistReader: Sendable {
    package struct Entry: Hashable, Sendable {
        package var uri: String
        /// Seconds.
        package var duration: Double
        package var isGap: Bool
        package var startsDiscontinuity: Bool
    }

    package struct Malformed: Error, CustomStringConvertible {
        package let line: Int
        package let what: String
        package var description: String { "playlist line \(line): \(what)" }
    }

    package private(set) var mediaSequence: Int64 = 0
    package private(set) var targetDuration = 0
    package private(set) var entries: [Entry] = []
    package private(set) var isEnded = false

    package static func read(_ text: String) throws(Malformed) -> PlaylistReader {
        var reader = PlaylistReader()
        var duration: Double?
        var isGap = false
        var startsDiscontinuity = false
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            func value(_ tag: String) -> Substring? { line.hasPrefix(tag) ? line.dropFirst(tag.count) : nil }
            if index == 0 {
                guard line == "#EXTM3U" else { throw Malformed(line: 1, what: "'\(line)' instead of #EXTM3U") }
            } else if let number = value("#EXT-X-MEDIA-SEQUENCE:") {
                guard let parsed = Int64(number) else { throw Malformed(line: index + 1, what: "media sequence '\(number)'") }
                reader.mediaSequence = parsed
            } else if let number = value("#EXT-X-TARGETDURATION:") {
                guard let parsed = Int(number) else { throw Malformed(line: index + 1, what: "target duration '\(number)'") }
                reader.targetDuration = parsed
            } else if let rest = value("#EXTINF:") {
                guard let parsed = Double(rest.prefix { $0 != "," }) else { throw Malformed(line: index + 1, what: "duration '\(rest)'") }
                duration = parsed
            } else if line == "#EXT-X-GAP" {
                isGap = true
            } else if line == "#EXT-X-DISCONTINUITY" {
                startsDiscontinuity = true
            } else if line == "#EXT-X-ENDLIST" {
                reader.isEnded = true
            } else if !line.isEmpty, !line.hasPrefix("#") {
                guard let known = duration else { throw Malformed(line: index + 1, what: "'\(line)' without EXTINF") }
                reader.entries.append(
                    Entry(uri: String(line), duration: known, isGap: isGap, startsDiscontinuity: startsDiscontinuity))
                duration = nil
                isGap = false
                startsDiscontinuity = false
            }
        }
        return reader
    }
}
