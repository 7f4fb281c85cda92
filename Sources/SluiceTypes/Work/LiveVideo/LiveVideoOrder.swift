/// What a publisher wants done to its video while it is live (specs/live-ai-protocol §2).
package struct LiveVideoOrder: Hashable, Sendable {
    /// The network's word for it is *pipeline*; it names a model.
    package var model: String
    /// A JSON object, passed on as it is.
    package var parameters: String
    /// Names the session for status and events; empty when nobody gave one.
    package var streamID: String
    /// Only orchestrators whose URL contains this text; `nil` is any.
    package var orchestrator: String?
    /// RTMP URLs that the result is pushed to.
    package var outputs: [String]
    /// For those who watch events; nothing follows from it.
    package var pipelineID: String
    /// For a BYOC stream, whose capability `model` names; `nil` for a model of live video.
    package var job: StreamJob?

    package init(
        model: String, parameters: String = "{}", streamID: String = "", orchestrator: String? = nil, outputs: [String] = [],
        pipelineID: String = "", job: StreamJob? = nil
    ) {
        self.job = job
        self.outputs = outputs
        self.pipelineID = pipelineID
        self.model = model
        self.parameters = parameters
        self.streamID = streamID
        self.orchestrator = orchestrator
    }
}

/// What an operator's webhook says of the work on a stream; what it leaves out stays as the publisher asked.
package struct LiveVideoGrant: Hashable, Sendable {
    package var model: String?
    /// A JSON object.
    package var parameters: String?
    package var streamID: String?
    package var pipelineID: String?
    package var outputs: [String]

    package init(
        model: String? = nil, parameters: String? = nil, streamID: String? = nil, pipelineID: String? = nil, outputs: [String] = []
    ) {
        self.model = model
        self.parameters = parameters
        self.streamID = streamID
        self.pipelineID = pipelineID
        self.outputs = outputs
    }
}

/// What an orchestrator is asked for.
package struct LiveVideoRequest: Hashable, Sendable {
    package var order: LiveVideoOrder
    /// Fresh for each publisher's life: 8 hexadecimal digits.
    package var request: String

    package init(order: LiveVideoOrder, request: String) {
        self.order = order
        self.request = request
    }
}
