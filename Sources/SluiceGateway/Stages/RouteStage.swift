package import SluiceRouting
package import SluiceTypes
import Synchronization

/// Names the orchestrators for a segment, best first. One for the whole gateway: all streams learn from each other.
package final class RouteStage: Sendable {
    private let directory: any OrchestratorDirectory
    private let needed: @Sendable (SegmentJob) -> CapabilitySet
    private let selection: Mutex<OrchestratorSelection>

    package init(
        directory: any OrchestratorDirectory, settings: OrchestratorSelection.Settings,
        needed: @escaping @Sendable (SegmentJob) -> CapabilitySet
    ) {
        self.directory = directory
        self.needed = needed
        self.selection = Mutex(OrchestratorSelection(settings: settings))
    }

    func rank(_ job: SegmentJob, at now: ContinuousClock.Instant) -> OrchestratorSelection.Ranking {
        let entries = directory.entries
        let capabilities = needed(job)
        return selection.withLock { $0.rank(entries, needing: capabilities, at: now) }
    }

    func began(_ id: OrchestratorID) {
        selection.withLock { $0.began(id) }
    }

    func finished(_ id: OrchestratorID, roundTrip: Duration, media: Duration) {
        selection.withLock { $0.finished(id, roundTrip: roundTrip, media: media) }
    }

    func failed(_ id: OrchestratorID, _ failure: SegmentFailure, at now: ContinuousClock.Instant) {
        selection.withLock { $0.failed(id, failure, at: now) }
    }

    /// The directory with what was measured, for the status page.
    package var picture: [(entry: OrchestratorEntry, roundTrip: Double?)] {
        let entries = directory.entries
        return selection.withLock { selection in entries.map { ($0, selection.averageRoundTrip(of: $0.id)) } }
    }
}
