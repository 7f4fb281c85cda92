package import SluiceRouting
package import SluiceTypes

/// All that happened to one segment, told once nothing more can come of it.
package struct SegmentStory: Sendable {
    /// How a rendition's place in its playlist was filled.
    package struct Listing: Sendable {
        package enum Content: String, Sendable {
            case made
            /// A smaller rendition in its place.
            case lower
            case source
            case gap
        }

        package var content: Content
        /// Those before it were listed.
        package var turn: ContinuousClock.Instant
        /// It stood in the playlist.
        package var listed: ContinuousClock.Instant
    }

    package var stream: StreamID
    package var sequence: SegmentSequence
    package var duration: Duration
    package var byteCount: Int
    package var renditions: [String]
    package var timeline: SegmentTimeline
    /// For each rendition.
    package var listings: [Listing]
    /// `nil` for a segment that nobody was asked for.
    package var decision: RouteDecision?
    package var failure: SegmentFailure?
}

/// The first playlist with a segment in it that a viewer got.
package struct SegmentServing: Sendable {
    package var stream: StreamID
    package var sequence: SegmentSequence
    package var rendition: String
    /// A playlist of low latency, which lists a segment with its first part.
    package var isLowLatency: Bool
    package var listed: ContinuousClock.Instant
    package var served: ContinuousClock.Instant
}

/// Who wants to hear of every segment, for traces. Called on the streams' own threads: it must not wait.
package struct SegmentWitness: Sendable {
    /// What a segment is called by the witness; `nil` for one of which it wants to hear nothing.
    package var name: @Sendable (StreamID, SegmentSequence) -> String?
    package var settled: @Sendable (SegmentStory) -> Void
    package var served: @Sendable (SegmentServing) -> Void

    package init(
        name: @escaping @Sendable (StreamID, SegmentSequence) -> String?, settled: @escaping @Sendable (SegmentStory) -> Void,
        served: @escaping @Sendable (SegmentServing) -> Void
    ) {
        self.name = name
        self.settled = settled
        self.served = served
    }
}

extension SegmentWitness {
    func served(_ segments: [ServingNotes.Unserved], of stream: StreamID, _ rendition: String, isLowLatency: Bool) {
        guard !segments.isEmpty else { return }
        let now = ContinuousClock.now
        for one in segments where name(stream, one.sequence) != nil {
            served(
                SegmentServing(
                    stream: stream, sequence: one.sequence, rendition: rendition, isLowLatency: isLowLatency, listed: one.listed,
                    served: now)
            )
        }
    }
}
