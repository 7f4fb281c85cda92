package import NIOCore

/// The channels of one session, as the gateway has them (specs/live-ai-protocol §4.1, byoc §6.2).
package struct LiveVideoChannels: Sendable {
    /// The orchestrator's name for the session.
    package let manifest: String
    /// MPEG-TS to the worker; `nil` where it wants none.
    package let input: (any TricklePublisher)?
    /// MPEG-TS from it; `nil` where it makes none.
    package let output: (any TrickleSubscriber)?
    /// JSON to the worker.
    package let control: any TricklePublisher
    /// JSON from it; `nil` where the orchestrator has none.
    package let events: (any TrickleSubscriber)?
    /// Lines of JSON from it; `nil` where none are asked for.
    package let data: (any TrickleSubscriber)?
    /// For a stream whose parameters go by a call of their own, not by the control channel.
    package let calls: (any StreamCalls)?

    package init(
        manifest: String, input: (any TricklePublisher)?, output: (any TrickleSubscriber)?, control: any TricklePublisher,
        events: (any TrickleSubscriber)?, data: (any TrickleSubscriber)? = nil, calls: (any StreamCalls)? = nil
    ) {
        self.manifest = manifest
        self.input = input
        self.output = output
        self.control = control
        self.events = events
        self.data = data
        self.calls = calls
    }
}

/// What a worker of a BYOC stream is told by calls through its orchestrator (specs/byoc §6.2).
package protocol StreamCalls: Sendable {
    /// - Parameter parameters: JSON.
    func update(_ parameters: String) async throws -> WorkerAnswer
    /// Once; later callers have the same answer, or none.
    func stop() async throws -> WorkerAnswer
}

/// What a worker said, as it is passed on.
package struct WorkerAnswer: Hashable, Sendable {
    package var status: Int
    package var contentType: String?
    package var body: ByteBuffer

    package init(status: Int, contentType: String? = nil, body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.contentType = contentType
        self.body = body
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
