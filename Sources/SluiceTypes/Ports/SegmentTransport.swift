/// The way of a segment to an orchestrator and back. Implementations: Livepeer's protocol over the network
/// (`SluiceNetwork`), the orchestrator in this process, scripted ones in tests.
package protocol SegmentTransport: Sendable {
    /// Sends one job and returns what happens to it.
    ///
    /// Opens (or reuses) the session of `job.segment.stream` at that orchestrator by itself. Cancelling the task that iterates
    /// aborts the exchange, at the other end too. Throws `SegmentFailure`, nothing else.
    func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error>

    /// The same for a segment whose bytes are still coming in; only for those whose entry says `takesStreamedSegments`.
    ///
    /// `accepted` comes before the segment is whole, rendition bytes as they are made. A feed that is abandoned ends the exchange
    /// with the feed's failure.
    func stream(_ job: StreamedJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error>

    /// Ends the stream's sessions at every orchestrator it used. Best effort; returns when the peers have been told or cannot be.
    func end(_ stream: StreamID) async
}
