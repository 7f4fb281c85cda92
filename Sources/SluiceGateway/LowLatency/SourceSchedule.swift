import SluiceTypes
import SluiceWire

/// How one source segment was cut: its renditions are cut in the same places.
struct SourceSchedule: Sendable {
    struct Part: Hashable, Sendable {
        /// Decode time of its first frame.
        var start: MediaTime
        var duration: MediaTime
        /// Which of the playlist's segments it is in; there are several where the source's was too long for one.
        var entry: Int
    }

    /// One segment of the playlist.
    struct Entry: Hashable, Sendable {
        var sequence: Int64
        var wallClock: Int64
        var startsDiscontinuity: Bool
    }

    let segment: SegmentSequence
    private(set) var entries: [Entry] = []
    private(set) var parts: [Part] = []

    /// Where the parts begin, and where the last one ends.
    var cuts: [MediaTime] { parts.map(\.start) + (parts.last.map { [$0.start + $0.duration] } ?? []) }

    var duration: MediaTime { MediaTime(ticks: parts.reduce(0) { $0 + $1.duration.ticks }) }

    init(segment: SegmentSequence) { self.segment = segment }

    mutating func add(_ part: MediaPart, of entry: LowLatencyWindow.Entry) {
        if entries.last?.sequence != entry.sequence {
            entries.append(
                Entry(sequence: entry.sequence, wallClock: entry.wallClock, startsDiscontinuity: entry.startsDiscontinuity))
        }
        parts.append(Part(start: part.start, duration: part.duration, entry: entries.count - 1))
    }
}
