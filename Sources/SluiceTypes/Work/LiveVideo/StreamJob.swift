/// What the client of a BYOC stream asks for beside its capability and its parameters (specs/byoc §4, §6.1).
package struct StreamJob: Hashable, Sendable {
    /// JSON of the client's job header, handed on as it is.
    package var request: String
    package var parameters: String
    /// Seconds that a worker may take for each answer.
    package var timeout: Int
    /// Service URIs that alone, or in no case, are asked.
    package var include: [String]
    package var exclude: [String]
    /// Whether the worker is fed the publisher's video, makes video, and says data.
    package var takesVideo: Bool
    package var makesVideo: Bool
    package var saysData: Bool

    package init(
        request: String = "{}", parameters: String = "{}", timeout: Int, include: [String] = [], exclude: [String] = [],
        takesVideo: Bool = true, makesVideo: Bool = true, saysData: Bool = false
    ) {
        self.request = request
        self.parameters = parameters
        self.timeout = timeout
        self.include = include
        self.exclude = exclude
        self.takesVideo = takesVideo
        self.makesVideo = makesVideo
        self.saysData = saysData
    }

    package func allows(_ orchestrator: OrchestratorID) -> Bool {
        (include.isEmpty || include.contains(orchestrator.rawValue)) && !exclude.contains(orchestrator.rawValue)
    }
}
