package import NIOCore
package import SluiceTypes

/// The live window of one rendition in low latency: segments with their parts, the bytes of both, and when a player is answered.
///
/// A segment's bytes are those of its parts, one behind the other; nothing is stored twice.
package struct LowLatencyWindow: Sendable {
    package struct Part: Sendable {
        /// Counts on over all segments, so that the next part's name is known before it is known whether it opens a segment.
        package var number: Int64
        package var duration: MediaTime
        package var isIndependent: Bool
        /// `nil` where there is a gap.
        package var bytes: ByteBuffer?
    }

    package struct Entry: Sendable {
        package var sequence: Int64
        /// Nanoseconds since 1970 of its first frame.
        package var wallClock: Int64
        package var startsDiscontinuity: Bool
        /// Which initialization segment goes before it.
        package var initialization: Int64
        package var isGap: Bool
        /// Whether parts stand in the playlist: not in the very first segment, which settles how long parts are.
        package var listsParts: Bool
        package var parts: [Part] = []
        package var isComplete = false

        package var duration: MediaTime { MediaTime(ticks: parts.reduce(0) { $0 + $1.duration.ticks }) }
        package var byteCount: Int { parts.reduce(0) { $0 + ($1.bytes?.readableBytes ?? 0) } }
    }

    /// What never changes in the life of a playlist.
    package struct Timing: Hashable, Sendable {
        package var targetSeconds: Int
        package var partTarget: PartTarget

        package init(targetSeconds: Int, partTarget: PartTarget) {
            self.targetSeconds = targetSeconds
            self.partTarget = partTarget
        }

        package var targetDuration: Duration { .seconds(targetSeconds) }
        /// How far behind the live edge a player keeps: three parts are asked for. A millisecond more, as players reckon in floating
        /// point.
        var partHoldBack: MediaTime { MediaTime(ticks: partTarget.limit.ticks * 3 + 90) }
        /// The least the rules allow.
        package var skipBoundary: MediaTime { MediaTime(milliseconds: Int64(targetSeconds) * 6000) }
        var partsListed: MediaTime { MediaTime(milliseconds: Int64(targetSeconds) * 3000) }
        /// Parts beyond the last that a player may ask for (§6.2.5.2).
        var advanceParts: Int {
            let seconds = partTarget.limit.seconds
            return seconds < 1 ? 3 : Int((3 / seconds).rounded(.up))
        }
    }

    private let length: Int
    package private(set) var entries: [Entry] = []
    package private(set) var timing: Timing?
    package private(set) var nextSequence: Int64
    package private(set) var nextPart: Int64
    package private(set) var discontinuitySequence: Int64
    package private(set) var isEnded = false
    private var initializations: [Int64: ByteBuffer] = [:]
    private var newestInitialization: Int64 = 0
    private var firstSequence: Int64

    /// - Parameters:
    ///   - length: complete segments listed.
    ///   - wallClock: nanoseconds since 1970, with which numbers begin (`PlaylistNumbering`).
    package init(length: Int, wallClock: Int64) {
        self.length = length
        let numbering = PlaylistNumbering(wallClock: wallClock)
        firstSequence = numbering.segment
        nextSequence = numbering.segment
        nextPart = numbering.part
        discontinuitySequence = numbering.discontinuity
    }

    /// Of a rendition that comes later than its source: segments and discontinuities are numbered as there, and parts by the clock, so that no
    /// name comes twice where a rendition of this name was there before.
    package init(joining source: LowLatencyWindow, wallClock: Int64) {
        self.init(length: source.length, wallClock: wallClock)
        firstSequence = source.firstSequence
        nextSequence = source.firstSequence
        discontinuitySequence = source.discontinuitySequence + Int64(source.entries.count { $0.startsDiscontinuity })
        timing = source.timing
    }

    /// The open segment, if there is one.
    package var open: Entry? { entries.last.flatMap { $0.isComplete ? nil : $0 } }
    package var lastComplete: Entry? { entries.last { $0.isComplete } }
    /// Whether a player can be answered.
    package var isVisible: Bool { timing != nil && !entries.isEmpty }

    package mutating func settle(_ timing: Timing) { self.timing = timing }

    /// - Returns: its number, which no other ever has; that of the newest, if it is the same.
    package mutating func add(initialization bytes: ByteBuffer) -> Int64 {
        if initializations[newestInitialization] == bytes { return newestInitialization }
        let number = max(nextSequence, newestInitialization + 1)
        newestInitialization = number
        initializations[number] = bytes
        return number
    }

    /// For a segment that nobody has seen yet, as it is open and without parts, or the playlist is not visible.
    package mutating func redefine(initialization number: Int64, _ bytes: ByteBuffer) { initializations[number] = bytes }

    /// The first segment to come gets this number, as those of other renditions have it. Nothing may have been listed yet.
    package mutating func begin(with sequence: Int64) { nextSequence = max(nextSequence, sequence) }

    /// Opens the next segment.
    package mutating func openSegment(wallClock: Int64, startsDiscontinuity: Bool, initialization: Int64, isGap: Bool = false) {
        closeSegment()
        entries.append(
            Entry(
                sequence: nextSequence, wallClock: wallClock, startsDiscontinuity: startsDiscontinuity && nextSequence > firstSequence,
                initialization: initialization, isGap: isGap, listsParts: timing != nil))
        nextSequence += 1
        isEnded = false
    }

    /// - Parameter bytes: `nil` for a gap.
    package mutating func append(duration: MediaTime, isIndependent: Bool, _ bytes: ByteBuffer?) {
        guard let last = entries.indices.last, !entries[last].isComplete else { return }
        entries[last].parts.append(Part(number: nextPart, duration: duration, isIndependent: isIndependent, bytes: bytes))
        nextPart += 1
    }

    /// Nothing is added to the open segment any more. One without parts has never been.
    package mutating func closeSegment() {
        guard let last = entries.indices.last, !entries[last].isComplete else { return }
        guard !entries[last].parts.isEmpty else {
            entries.removeLast()
            nextSequence -= 1
            return
        }
        entries[last].isComplete = true
        trim()
    }

    package mutating func end() {
        closeSegment()
        isEnded = true
    }

    package mutating func reopen() { isEnded = false }

    private mutating func trim() {
        while entries.count > length {
            if entries.removeFirst().startsDiscontinuity { discontinuitySequence += 1 }
        }
        let used = Set(entries.map(\.initialization))
        // The newest may have come just before its first segment.
        initializations = initializations.filter { used.contains($0.key) || $0.key == newestInitialization }
    }

    package func initialization(_ number: Int64) -> ByteBuffer? { initializations[number] }

    package func segment(_ sequence: Int64) -> Entry? { entries.first { $0.sequence == sequence && $0.isComplete && !$0.isGap } }

    package func part(_ number: Int64) -> Part? {
        for entry in entries.reversed() {
            guard let first = entry.parts.first, number >= first.number else { continue }
            let index = Int(number - first.number)
            return index < entry.parts.count ? entry.parts[index] : nil
        }
        return nil
    }

    /// Whether a number was given out once and its bytes have gone.
    package func hasLeft(sequence: Int64) -> Bool { sequence >= firstSequence && sequence < (entries.first?.sequence ?? nextSequence) }

    /// Bits per second of the densest segment in the window, and over the window; 0 before the first.
    package var bandwidth: (peak: Int, average: Int) {
        let measured = entries.filter { $0.isComplete && !$0.isGap && $0.duration > MediaTime(milliseconds: 1) }
        let bytes = measured.reduce(0) { $0 + $1.byteCount }
        let seconds = measured.reduce(0.0) { $0 + $1.duration.seconds }
        let peak = measured.map { Int(Double($0.byteCount) * 8 / $0.duration.seconds) }.max() ?? 0
        return (peak, seconds > 0 ? Int(Double(bytes) * 8 / seconds) : 0)
    }

    /// Whether segments are shorter than the target allows and a part more would make the open one too long.
    package func isFull(adding part: MediaTime) -> Bool {
        guard let timing, let open, !open.parts.isEmpty else { return false }
        // EXTINF rounded to whole seconds must not exceed the target (§4.4.3.1).
        return (open.duration + part).seconds >= Double(timing.targetSeconds) + 0.499
    }
}
