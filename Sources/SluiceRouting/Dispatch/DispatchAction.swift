package import SluiceTypes

/// What routing must know of a segment: sizes and shapes, no bytes.
package struct SegmentFacts: Hashable, Sendable {
    package var stream: StreamID
    package var sequence: SegmentSequence
    /// Seconds of media; above 0.
    package var duration: Double
    package var byteCount: Int
    /// Pixels of all renditions together, per second of media.
    package var outputPixelRate: Double
    /// The codec of the source; what is decoded says more of the cost than what it is encoded to.
    package var codec: VideoCodec
    /// How many renditions are wanted.
    package var renditions: Int
    /// What the job cannot do without.
    package var capabilities: CapabilitySet
    /// For live video: the model it is worked on with; for a BYOC stream its capability.
    package var model: String?
    /// When the segment was complete; every deadline counts from here.
    package var cut: Moment

    package init(
        stream: StreamID, sequence: SegmentSequence, duration: Double, byteCount: Int, outputPixelRate: Double,
        codec: VideoCodec = .h264, renditions: Int, capabilities: CapabilitySet = CapabilitySet(), model: String? = nil, cut: Moment
    ) {
        self.stream = stream
        self.sequence = sequence
        self.duration = duration
        self.byteCount = byteCount
        self.outputPixelRate = outputPixelRate
        self.codec = codec
        self.renditions = renditions
        self.capabilities = capabilities
        self.model = model
        self.cut = cut
    }
}

/// One sending of a segment to one orchestrator; numbered from 0 within its segment.
package struct AttemptID: Hashable, Sendable {
    package var rawValue: Int
    package init(_ rawValue: Int) { self.rawValue = rawValue }
}

/// Why an attempt is made.
package enum AttemptRole: String, Hashable, Sendable, CaseIterable {
    /// The first and, most of the time, the only one.
    case primary
    /// A second one beside an attempt that is late.
    case hedge
    /// In the place of one that failed.
    case retry
    /// To learn how an orchestrator does, beside a primary that the segment does not depend on it for.
    case canary
}

/// What the caller has to do for a segment. Actions are carried out in order.
package enum DispatchAction: Hashable, Sendable {
    /// Send the segment; ask for the renditions at `places` of the stream's profiles only.
    case send(AttemptID, to: OrchestratorID, places: [Int], role: AttemptRole)
    /// Stop the exchange, at the other end too. No event of this attempt may follow.
    case abort(AttemptID)
    /// Come back at this moment, whatever happened by then; each asks for one call.
    case wake(at: Moment)
    /// Every rendition came, or (with a failure) nothing more will be tried. Canaries may still be under way; their events go on.
    case end(SegmentFailure?)
}

/// What happened to an attempt.
package enum AttemptEvent: Hashable, Sendable {
    /// The orchestrator has the whole segment and took it (the early 200).
    case accepted
    /// It says that the work is done; renditions are on their way.
    case transcoded
    /// First bytes of any rendition.
    case firstByte
    /// The rendition at this place is here, complete and valid.
    case rendition(place: Int)
    /// All that was asked for has come; last event.
    case finished
    /// Last event.
    case failed(SegmentFailure)
}
