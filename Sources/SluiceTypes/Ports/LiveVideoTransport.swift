/// The four channels of one session, as the gateway has them (specs/live-ai-protocol §4.1).
package struct LiveVideoChannels: Sendable {
    /// The orchestrator's name for the session.
    package let manifest: String
    /// MPEG-TS to the worker.
    package let input: any TricklePublisher
    /// MPEG-TS from it.
    package let output: any TrickleSubscriber
    /// JSON to the worker.
    package let control: any TricklePublisher
    /// JSON from it; `nil` where the orchestrator has none.
    package let events: (any TrickleSubscriber)?

    package init(
        manifest: String, input: any TricklePublisher, output: any TrickleSubscriber, control: any TricklePublisher,
        events: (any TrickleSubscriber)?
    ) {
        self.manifest = manifest
        self.input = input
        self.output = output
        self.control = control
        self.events = events
    }
}

/// Carries live video to an orchestrator's worker and back.
package protocol LiveVideoTransport: Sendable {
    /// Starts a session and lends its channels to `body`, with which their connections end. The orchestrator is told of the end.
    ///
    /// - Throws: `SegmentFailure` when the session does not start; what `body` throws.
    func session(
        _ request: LiveVideoRequest, at orchestrator: OrchestratorID, _ body: @Sendable (LiveVideoChannels) async throws -> Void
    ) async throws
}
