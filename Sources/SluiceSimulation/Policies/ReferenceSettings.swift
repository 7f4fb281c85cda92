package import SluiceTypes

/// The constants of the reference (specs/selection-and-reliability A1), as it ships.
package struct ReferenceSettings: Sendable {
    /// How far the list of orchestrators vouches for them: `-orchAddr` for all, a webhook for those it scores 1, the chain for none.
    /// The trusted pool knows at most eight orchestrators of a stream, the other one all of them.
    package enum Trust: Sendable {
        case nobody
        case everybody
        case only(Set<OrchestratorID>)

        func covers(_ id: OrchestratorID) -> Bool {
            switch self {
            case .nobody: false
            case .everybody: true
            case .only(let trusted): trusted.contains(id)
            }
        }
    }

    /// Untrusted as a rule, the kinder choice: a stream may use every orchestrator there is.
    package var trust = Trust.nobody
    /// Transcode attempts for each segment, one after another.
    package var maxAttempts = 3
    /// `SegLen`; it bounds the trusted pool, whatever the segments' own length.
    package var segmentLength = 2.0
    /// `HTTPTimeout`: least time for upload, transcode and answer together; beyond it `pushMultiplier` segment durations.
    package var httpTimeout = 8.0
    package var pushMultiplier = 4.0
    /// Least time for the upload; beyond it `uploadMultiplier` segment durations.
    package var uploadTimeout = 2.0
    package var uploadMultiplier = 0.5
    /// For each rendition.
    package var downloadTimeout = 4.0
    /// Mid-stream session refresh, in front of the segment.
    package var refreshTimeout = 2.5
    /// A token lives 30 min and is refreshed in the last tenth of it.
    package var tokenRefreshAge = 1620.0
    /// When a discovery round looks at what it has; the last one ends it.
    package var discoveryTicks = [0.5, 1, 2, 4, 6]
    /// Most sessions that a refill waits for.
    package var refreshThreshold = 8
    /// A latency score up to this is good enough.
    package var goodScore = 1.0
    /// Seconds; smallest divisor of the score.
    package var scoreFloor = 1.5
    /// A limit on the time in flight of `inFlightShort` seconds or less is taken for this many.
    package var inFlightFloor = 1.5
    package var inFlightShort = 1.0
    /// What an orchestrator must have for the job.
    package var capabilities = CapabilitySet([.h264, .mpegTS])

    package init() {}

    func submitTimeout(duration: Double) -> Double { max(httpTimeout, pushMultiplier * duration) }
    func uploadTimeout(duration: Double) -> Double { max(uploadTimeout, uploadMultiplier * duration) }

    /// - Parameter seconds: from the start of the request to the end of the answer's body, without the renditions (A5).
    func score(seconds: Double, duration: Double) -> Double { seconds / max(scoreFloor, duration) }
}
