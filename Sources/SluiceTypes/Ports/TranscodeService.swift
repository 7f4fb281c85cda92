/// The orchestrator role as its network side (and a gateway in the same process) sees it.
package protocol TranscodeService: Sendable {
    var capabilities: CapabilitySet { get }

    /// Takes the job in, or throws `SegmentFailure` (`busy` when full) at once from the sequence's first element.
    ///
    /// The first event is `accepted`; cancelling the iteration stops the work. Throws `SegmentFailure`, nothing else; for
    /// `mediaUnusable` the detail is one of Livepeer's non-retryable texts (specs/transcoding-protocol §3.6).
    func transcode(_ job: SegmentJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error>

    var takesStreamedSegments: Bool { get }

    /// The same for a segment whose bytes are still coming in: each rendition's bytes follow as they are made.
    func transcode(_ job: StreamedJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error>

    /// Whether a job of this session would find a place now: sessions that are served already always do.
    func hasRoom(for session: SessionID?) -> Bool

    /// Frees what the session holds.
    func end(_ session: SessionID) async
}

extension TranscodeService {
    package var takesStreamedSegments: Bool { false }

    package func transcode(_ job: StreamedJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        AsyncThrowingStream { $0.finish(throwing: SegmentFailure(.refused, "streamed segments are not taken")) }
    }
}
