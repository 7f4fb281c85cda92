package import SluiceTypes

/// Why a segment went where it went, and what came of it: one record for each decision (specs/selection-and-reliability E5).
package struct RouteDecision: Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The stream's orchestrator keeps its promise.
        case stay
        /// The stream has none yet.
        case first
        /// Its own may not be used any more: gone, too dear, of the wrong class.
        case barred
        /// Its own had a fault or lost a hedge a moment ago.
        case unhealthy
        /// Its own has enough segments of this stream already.
        case queued
        /// Its own is predicted to miss the target, another is not.
        case sooner
        case cheaper
        /// Of a preferred class.
        case preferred
        /// None keeps the target; the soonest.
        case leastLate
        /// None is in health; the least bad.
        case panic
        /// There is none at all.
        case nobody
    }

    package struct Considered: Sendable {
        package var orchestrator: OrchestratorID
        /// Seconds from sending to the last rendition: median, and at the service level's percentile.
        package var median: Double
        package var atPercentile: Double
        /// Samples behind the prediction, by their present weight; below 4 it leans on what is usual.
        package var samples: Double
        package var weiPerPixel: Double
        package var inFlight: Int
        /// `nil` for one that could have been chosen.
        package var leftOut: LeftOut?
    }

    package struct Attempt: Sendable {
        package enum Result: Hashable, Sendable {
            case running
            /// It brought the last rendition that was missing.
            case won
            /// All it was asked for came, but others were there first, or it was a canary.
            case finished
            case aborted
            case failed(SegmentFailure)
        }

        package var orchestrator: OrchestratorID
        package var role: AttemptRole
        package var sent: Moment
        /// When another attempt would be made, should this one be silent until then.
        package var hedgeAt: Moment
        package var times = PhaseTimes()
        /// `nil` while it runs.
        package var ended: Moment?
        package var result = Result.running
        /// Wei for the pixels it was asked for, at its price then.
        package var cost = 0.0
        /// Pixels of the renditions it was asked for, as predicted.
        package var pixelsAsked = 0.0
        /// What came of it, as its maker says and as it weighs; filled in by who carries it out, 0 where nobody does.
        package var pixels: Int64 = 0
        package var bytes = 0
        /// Bits of the renditions it was asked for, by their bitrates; 0 where one of them has none. Filled in by who carries it out.
        package var bitsAsked = 0.0
    }

    package var stream: StreamID
    package var sequence: SegmentSequence
    package var cut: Moment
    package var decided: Moment
    package var workClass: WorkClass
    /// Seconds from the cut.
    package var target: Double
    package var deadline: Moment
    package var giveUp: Moment
    /// Orchestrators that could do this kind of work under this service level.
    package var candidates: Int
    /// Of larger pools only the first are named; `leftOutCount` is exact.
    package var leftOut: [(orchestrator: OrchestratorID, reason: LeftOut)]
    package var leftOutCount: Int
    package var considered: [Considered]
    package var choice: OrchestratorID?
    package var reason: Reason
    package var attempts: [Attempt] = []
    /// Seconds from the cut to the last rendition; `nil` while under way and when lost.
    package var finish: Double?
    package var failure: SegmentFailure?

    package var isMissed: Bool { failure != nil || finish.map { cut.advanced(bySeconds: $0) > deadline } ?? false }
    package var cost: Double { attempts.reduce(0) { $0 + $1.cost } }
}
