import NIOCore
import SluiceTypes
import SluiceWire

/// What viewers see while a publisher that was lost may come back.
package enum AbsencePicture: String, Sendable, CaseIterable {
    /// Its last key frame, and silence.
    case still
    /// Segments that are missing, as players know them.
    case gap
    /// The playlist stands.
    case nothing
}

/// A stream's time without a publisher: its playlists go on with segments that nobody sent.
struct Absence: Sendable {
    private let picture: AbsencePicture
    /// For each rendition, made when it has got as far; `nil` again where there can be none.
    private var stills: [StillPicture??]
    private let tracks: [MediaCoding.Tracks?]
    /// The first segment that nobody sent.
    private let first: Int64

    init(picture: AbsencePicture, shelves: [LowLatencyShelf], codings: [MediaCoding?]) {
        self.picture = picture
        stills = shelves.map { _ in nil }
        tracks = codings.map { $0?.tracks }
        first = shelves[0].window.nextSequence
    }

    /// One part more of the source, and of every rendition all that the source has and it has not. A rendition whose last real
    /// segment has not come back yet follows when it has.
    mutating func goOn(_ shelves: inout [LowLatencyShelf]) {
        guard picture != .nothing, let part = shelves[0].window.timing?.partTarget.limit else { return }
        if shelves[0].window.isFull(adding: part) { shelves[0].window.closeSegment() }
        if shelves[0].window.open == nil { open(&shelves[0].window, after: shelves[0].window.entries.last) }
        append(part, 0, &shelves[0].window)
        let source = shelves[0].window.entries.filter { $0.sequence >= first }
        // One that is in the middle of the last real segment follows when that has ended.
        for index in shelves.indices.dropFirst()
        where index < stills.count && !shelves[index].window.entries.isEmpty && shelves[index].begun == nil {
            for entry in source { follow(entry, index, &shelves[index].window) }
        }
    }

    private mutating func follow(_ entry: LowLatencyWindow.Entry, _ index: Int, _ window: inout LowLatencyWindow) {
        if window.open?.sequence != entry.sequence {
            guard window.nextSequence == entry.sequence else { return }
            open(&window, after: window.entries.last, wallClock: entry.wallClock)
        }
        while let open = window.open, open.parts.count < entry.parts.count {
            append(entry.parts[open.parts.count].duration, index, &window)
        }
        if entry.isComplete { window.closeSegment() }
    }

    private func open(_ window: inout LowLatencyWindow, after last: LowLatencyWindow.Entry?, wallClock: Int64? = nil) {
        let clock = wallClock ?? last.map { $0.wallClock + Int64($0.duration.seconds * 1e9) } ?? 0
        window.openSegment(
            wallClock: clock, startsDiscontinuity: false, initialization: last?.initialization ?? 0, isGap: picture == .gap)
    }

    private mutating func append(_ duration: MediaTime, _ index: Int, _ window: inout LowLatencyWindow) {
        var still = stills[index] ?? (picture == .still ? self.still(index, window) : nil)
        let bytes = still?.part(duration)
        stills[index] = .some(still)
        window.append(duration: duration, isIndependent: true, bytes)
    }

    private func still(_ index: Int, _ window: LowLatencyWindow) -> StillPicture? {
        guard let tracks = tracks[index] else { return nil }
        let parts = window.entries.flatMap { $0.parts.compactMap { part in part.bytes.map { (part.isIndependent, $0) } } }
        guard let start = parts.lastIndex(where: \.0) else { return nil }
        return StillPicture(after: parts[start...].map(\.1), video: tracks.video, audio: tracks.audio)
    }
}
