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

    package init(model: String, parameters: String = "{}", streamID: String = "", orchestrator: String? = nil) {
        self.model = model
        self.parameters = parameters
        self.streamID = streamID
        self.orchestrator = orchestrator
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
