package import SluiceTypes

/// Which segments' pictures are looked at: of each orchestrator the first, then one in so many, and one in so many seconds at least. One
/// that was found poor is looked at more often.
///
/// Pure: the time is an argument, seconds of any clock that does not go back.
package struct SampleSchedule: Sendable {
    package struct Settings: Hashable, Sendable {
        /// One segment in so many; 0: none are looked at.
        package var segments: Int
        /// Seconds after which the next segment is looked at, however few there were; 0: that does not count.
        package var seconds: Double

        package init(segments: Int = 100, seconds: Double = 300) {
            self.segments = segments
            self.seconds = seconds
        }
    }

    /// How many times as often after a poor one.
    private static let suspicion = 10
    /// As many as there can be orchestrators in use; beyond, the half that was silent for the longest time goes.
    private static let most = 10_000

    private struct Entry {
        var segments = 0
        var sampled: Double?
        var isSuspect = false
        var seen: Double
    }

    private let settings: Settings
    private var entries: [OrchestratorID: Entry] = [:]

    package init(_ settings: Settings) { self.settings = settings }

    /// Orchestrators that are known.
    package var count: Int { entries.count }

    /// Counts a segment.
    ///
    /// - Returns: whether it is to be looked at; `took` says that it was.
    package mutating func isDue(_ orchestrator: OrchestratorID, at now: Double) -> Bool {
        guard settings.segments > 0 else { return false }
        if entries[orchestrator] == nil, entries.count >= Self.most { forget() }
        var entry = entries[orchestrator] ?? Entry(seen: now)
        entry.segments += 1
        entry.seen = now
        entries[orchestrator] = entry
        guard let sampled = entry.sampled else { return true }
        let every = entry.isSuspect ? max(1, settings.segments / Self.suspicion) : settings.segments
        return entry.segments >= every || (settings.seconds > 0 && now - sampled >= settings.seconds)
    }

    package mutating func took(_ orchestrator: OrchestratorID, at now: Double) {
        entries[orchestrator]?.segments = 0
        entries[orchestrator]?.sampled = now
    }

    package mutating func found(_ orchestrator: OrchestratorID, isPoor: Bool) { entries[orchestrator]?.isSuspect = isPoor }

    private mutating func forget() {
        let order = entries.map(\.value.seen).sorted()
        let limit = order[order.count / 2]
        entries = entries.filter { $0.value.seen > limit }
    }
}
