package import SluiceTypes

/// One run in the detail that a report draws.
package struct RunRecord: Sendable {
    package var seed: UInt64
    package var figures: RunFigures
    /// The distribution of finish times, at even steps of the share; lost segments count as in `RunFigures`.
    package var finishCurve: [CurvePoint]
    /// Of the first streams only; see `RunSettings`.
    package var timelines: [StreamTimeline]
    package var orchestrators: [OrchestratorTally]
    /// Seconds of each entry of `OrchestratorTally.servedOverTime`.
    package var loadSpan: Double
    /// Where the policy broke its side of `RoutingPolicy`, in words; the first of them only.
    package var policyFaults: [String]
    package var policyFaultCount: Int
    /// Events of the virtual clock; says how much work the run was.
    package var events: Int
}

package struct CurvePoint: Hashable, Sendable {
    /// Of the segments, above 0 to 1.
    package var share: Double
    /// This share finished within so many milliseconds of the cut.
    package var ms: Double
}

package struct StreamTimeline: Sendable {
    package var stream: StreamID
    package var gateway: Int
    package var segments: [SegmentOutcome]
}

/// How one segment went.
package struct SegmentOutcome: Hashable, Sendable {
    package var sequence: Int
    /// Seconds of virtual time.
    package var cut: Double
    /// Seconds after the cut until the last rendition, or until it was given up.
    package var finish: Double
    /// Who brought its last rendition, as an index into `RunRecord.orchestrators`; `nil` when it was given up.
    package var orchestrator: Int?
    package var attempts: Int
    package var missed: Bool
    package var lost: Bool
}

/// What one orchestrator did in a run.
package struct OrchestratorTally: Hashable, Sendable {
    package var name: String
    /// Attempts sent to it, and those of them that failed (aborted ones have not).
    package var attempts = 0
    package var failures = 0
    /// Segments whose last rendition it brought, and those of them that came after their deadline.
    package var served = 0
    package var misses = 0
    /// Wei.
    package var cost = 0.0
    /// Seconds of work on its lanes, one lane's second counting as one.
    package var work = 0.0
    /// `served`, by the span of the run in which the segments were cut.
    package var servedOverTime: [Int] = []

    package init(name: String) { self.name = name }
}
