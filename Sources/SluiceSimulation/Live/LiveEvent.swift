package import SluiceTypes

/// What happens to an attempt, at the moment at which its gateway gets to know.
package enum LiveEvent: Hashable, Sendable {
    /// The early 200.
    case accepted
    /// The result, which names the renditions.
    case transcoded
    /// This one is through, complete.
    case rendition(Int)
    case finished
    case failed(LiveFailure)
}

/// How an attempt ends badly, as the wire is to show it.
package enum LiveFailure: Error, Hashable, Sendable {
    case broken, capped, busy, tokenRefused, halfAnswer, wrongBytes

    init(_ failure: ModelledAttempt.Failure) {
        switch failure {
        case .connectionRefused, .connectionBroken: self = .broken
        case .capped: self = .capped
        case .busy: self = .busy
        case .tokenRefused: self = .tokenRefused
        case .halfAnswer: self = .halfAnswer
        case .wrongBytes: self = .wrongBytes
        }
    }
}

/// To the question how it is.
package enum LiveAnswer: Hashable, Sendable {
    case here
    /// `OrchestratorCapped`.
    case full
    /// None comes.
    case silent
}

/// What becomes of an orchestrator's port.
package enum LivePort: Hashable, Sendable {
    /// Every connection breaks, and no new one is taken.
    case crashed
    /// It is there again, and knows nothing of before.
    case returned
    /// Nothing moves.
    case stalled
    case resumed
}

/// What an orchestrator has done so far.
package struct LiveTally: Codable, Hashable, Sendable {
    /// Sendings, and those of them that failed.
    package var attempts: Int
    package var failures: Int
    package var crashes: Int
    /// Those crashes that waited for a segment in a stage, by the stage.
    package var kills: [String: Int]
    package var isDown: Bool
}

/// A stream that the scenario wants published. Times are seconds.
package struct LivePublication: Hashable, Sendable {
    package var name: StreamID
    package var opens: Double
    /// The first segment is cut one duration after it opens.
    package var segmentDuration: Double
    package var segments: Int
    package var bitrate: Double
    package var renditions: [StreamGroup.RenditionModel]
}
