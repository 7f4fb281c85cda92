import SluiceWire
import Synchronization

/// Everything found, each rule once per playlist with how often it was broken.
final class FindingList: Sendable {
    struct Entry: Hashable, Sendable {
        var place: String
        var first: HLSFinding
        var count: Int
    }

    private struct State {
        var entries: [Entry] = []
        var readings = 0
    }

    private let state = Mutex(State())
    private let onNew: @Sendable (Entry) -> Void

    /// - Parameter onNew: called when a rule is found broken in a playlist for the first time.
    init(onNew: @escaping @Sendable (Entry) -> Void) { self.onNew = onNew }

    var entries: [Entry] { state.withLock { $0.entries } }
    var readings: Int { state.withLock { $0.readings } }

    func countReading() { state.withLock { $0.readings += 1 } }

    func add(_ findings: [HLSFinding], at place: String) {
        for finding in findings {
            let new: Entry? = state.withLock { state in
                if let known = state.entries.firstIndex(where: { $0.place == place && $0.first.rule == finding.rule }) {
                    state.entries[known].count += 1
                    return nil
                }
                state.entries.append(Entry(place: place, first: finding, count: 1))
                return state.entries.last
            }
            if let new { onNew(new) }
        }
    }
}
