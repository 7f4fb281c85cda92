import Foundation

/// What the low-latency playlist of a rendition has listed over the time it was looked at.
struct PartListing {
    struct Part: Hashable {
        var uri: String
        var isGap: Bool
    }

    struct Segment {
        var initialization: String
        var parts: [Part] = []
        var isComplete = false
        var isGap = false
        var uri = ""
    }

    private(set) var segments: [Int: Segment] = [:]
    /// Of the segment that is open now, and the parts it has.
    private(set) var open: (sequence: Int, parts: Int) = (-1, 0)
    /// What was listed one way and then another.
    private(set) var changes: [String] = []

    mutating func look(at text: String) {
        var sequence = -1
        var initialization = ""
        var segment = Segment(initialization: "")
        func quoted(_ line: String, _ key: String) -> String? {
            line.range(of: "\(key)=\"[^\"]*\"", options: .regularExpression).map { String(line[$0].dropFirst(key.count + 2).dropLast()) }
        }
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("#EXT-X-MEDIA-SEQUENCE:") {
                sequence = Int(line.dropFirst(22)) ?? -1
            } else if line.hasPrefix("#EXT-X-MAP:") {
                initialization = quoted(line, "URI") ?? ""
            } else if line.hasPrefix("#EXT-X-PART:") {
                segment.parts.append(Part(uri: quoted(line, "URI") ?? "", isGap: line.contains("GAP=YES")))
            } else if line == "#EXT-X-GAP" {
                segment.isGap = true
            } else if !line.hasPrefix("#") {
                segment.uri = line
                segment.isComplete = true
                segment.initialization = initialization
                note(segment, sequence)
                sequence += 1
                segment = Segment(initialization: initialization)
            }
        }
        open = (sequence, segment.parts.count)
        segment.initialization = initialization
        if !segment.parts.isEmpty { note(segment, sequence) }
    }

    private mutating func note(_ segment: Segment, _ sequence: Int) {
        guard let before = segments[sequence] else {
            segments[sequence] = segment
            return
        }
        // Parts leave the playlist in the end, and never one by one.
        if !segment.parts.isEmpty, !segment.parts.starts(with: before.parts) {
            changes.append("segment \(sequence): \(before.parts) became \(segment.parts)")
        }
        if before.isComplete, !segment.isComplete { changes.append("segment \(sequence) was whole") }
        segments[sequence] = segment.parts.isEmpty ? before : segment
    }
}
