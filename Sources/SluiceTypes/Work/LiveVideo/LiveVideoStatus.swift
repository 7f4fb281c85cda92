/// How the work of a model on a stream goes, for people.
package struct LiveVideoStatus: Sendable {
    package enum Phase: String, Sendable {
        /// Nobody has it yet, or any more.
        case searching
        /// A worker has it, and nothing has come back.
        case starting
        case online
        case ended
    }

    package let source: StreamID
    package let output: StreamID
    package let request: LiveVideoRequest

    package init(source: StreamID, output: StreamID, request: LiveVideoRequest) {
        self.source = source
        self.output = output
        self.request = request
    }

    package var phase = Phase.searching
    package var orchestrator: OrchestratorID?
    /// The orchestrator's name for the session.
    package var manifest = ""
    package var swaps = 0
    /// Pictures that came back.
    package var frames = 0
    /// Grows with every change, that of `frames` apart.
    package var revision = 0
    package var began = wallClockNanoseconds()
    /// Milliseconds from the start of the newest session to its first picture.
    package var firstPictureMs: Double?
    /// The newest of each kind that the worker told; JSON.
    package var events: [String: String] = [:]
    package var lastError: String?
    package var lastErrorTime: Int64 = 0

    package mutating func fail(_ text: String) {
        lastError = text
        lastErrorTime = wallClockNanoseconds()
    }
}
