import NIOCore
import SluiceTypes
import SluiceWire

/// What viewers may have of one rendition: its window, the bytes in it, and the playlist rendered once per change.
struct RenditionShelf {
    let name: String
    private(set) var window: PlaylistWindow
    private(set) var appended = 0
    private(set) var gaps = 0
    private var bytes: [SegmentSequence: ByteBuffer] = [:]
    private var rendered: ByteBuffer?
    private(set) var serving: ServingNotes
    /// Nothing is kept otherwise, and nobody served.
    private let isOn: Bool

    /// - Parameters:
    ///   - length: segments listed; 0 for none at all.
    ///   - notesServing: somebody wants to know when a segment was first served.
    init(name: String, length: Int, grace: Int, numbering: PlaylistNumbering, notesServing: Bool = false) {
        serving = ServingNotes(isOn: notesServing)
        self.name = name
        isOn = length > 0
        self.window = PlaylistWindow(length: length, grace: grace, numbering: numbering)
    }

    /// - Parameter content: `nil` for a gap.
    mutating func append(_ entry: PlaylistEntry, _ content: ByteBuffer?) {
        guard isOn else {
            appended += 1
            if content == nil { gaps += 1 }
            return
        }
        for left in window.append(entry) { bytes[left] = nil }
        if let content { bytes[entry.sequence] = content } else { gaps += 1 }
        appended += 1
        rendered = nil
        serving.listed(entry.sequence, most: window.entries.count)
    }

    mutating func takeUnserved() -> [ServingNotes.Unserved] { serving.take() }

    /// Whether a player can be answered.
    var isVisible: Bool { isOn && appended > 0 }

    mutating func end() {
        window.end()
        rendered = nil
    }

    mutating func reopen() {
        window.reopen()
        rendered = nil
    }

    mutating func playlist() -> ByteBuffer {
        if let rendered { return rendered }
        let fresh = ByteBuffer(string: window.render(rendition: name))
        rendered = fresh
        return fresh
    }

    /// - Parameter number: in the name of its file.
    func segment(named number: Int64, _ container: SegmentContainer) -> Delivery<ByteBuffer> {
        let sequence = window.sequence(named: number)
        return switch window.standing(of: sequence) {
        case .found(let entry):
            if entry.container == container, let content = bytes[sequence] { .found(content) } else { .unknown }
        case .gone: .gone
        case .unknown: .unknown
        }
    }
}
