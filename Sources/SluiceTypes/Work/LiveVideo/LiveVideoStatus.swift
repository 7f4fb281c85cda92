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

    /// What viewers of the result see.
    package enum Showing: String, Sendable {
        case nothing, worker
        /// The last picture, held.
        case still
        /// The publisher's own.
        case source
    }

    /// A place that the result is pushed to.
    package struct Push: Hashable, Sendable {
        /// Without what is secret in it.
        package var target: String
        package var isConnected: Bool
        package var reconnects: Int
        package var lastError: String?

        package init(target: String, isConnected: Bool, reconnects: Int, lastError: String?) {
            self.target = target
            self.isConnected = isConnected
            self.reconnects = reconnects
            self.lastError = lastError
        }
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
    package var showing = Showing.nothing
    package var orchestrator: OrchestratorID?
    /// Who is fed beside it, to take over.
    package var standby: OrchestratorID?
    /// Whether viewers may have sound with it, and whose.
    package var sound: String?
    package var pushes: [Push] = []
    /// The orchestrator's name for the session.
    package var manifest = ""
    package var swaps = 0
    /// Milliseconds without a new picture of a worker, when the last one left the air; `nil` before the first swap.
    package var swapGapMs: Double?
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
