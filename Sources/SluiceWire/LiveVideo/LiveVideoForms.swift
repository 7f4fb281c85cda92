package import SluiceTypes

/// The JSON of live video: start calls of gateways and to workers, and what goes over the control channel (specs/live-ai-protocol §4, §5, §9).
package enum LiveVideoForms {
    /// Bytes of a start call; parameters of a workflow take tens of kilobytes.
    package static let longestStart = 1 << 20
    /// Bytes of parameters in one control message: workers read no more than 32 KiB of each (§14.12).
    package static let longestUpdate = 32 << 10
    /// A sign of life, which workers leave unheeded.
    package static let keepAlive = #"{"keep":"alive"}"#

    package static func start(_ request: LiveVideoRequest) throws(JSONFault) -> String {
        JSONTree.members([
            "subscribe_url": "", "publish_url": "", "model_id": .text(request.order.model),
            "params": try parameters(request.order.parameters), "gateway_request_id": .text(request.request),
            "stream_id": .text(request.order.streamID),
        ]).text
    }

    package static func request(_ body: some Sequence<UInt8>) throws(JSONFault) -> LiveVideoRequest {
        let tree = try JSONTree(parsing: body)
        guard case .object = tree else { throw JSONFault("a start call is a JSON object with model_id") }
        guard let model = tree["model_id"]?.string, !model.isEmpty else {
            throw JSONFault("model_id is missing; the name of a model such as \"noop\" is right")
        }
        let parameters = tree["params"] ?? .object([])
        switch parameters {
        case .object, .null: break
        default: throw JSONFault("params is no object")
        }
        let order = LiveVideoOrder(
            model: model, parameters: parameters.isNull ? "{}" : parameters.text, streamID: tree["stream_id"]?.string ?? "")
        return LiveVideoRequest(order: order, request: tree["gateway_request_id"]?.string ?? "")
    }

    /// - Throws: `JSONFault` when it is no JSON object.
    package static func parameters(_ text: String) throws(JSONFault) -> JSONTree {
        let tree = try JSONTree(parsing: text.utf8)
        guard case .object = tree else { throw JSONFault("parameters are a JSON object, such as {\"strength\":0.5}") }
        return tree
    }

    /// To a worker: ai-runner, pytrickle and what is built on it (§9.1, §9.2).
    package static func workerStart(_ request: LiveVideoRequest, manifest: String, _ urls: LiveVideoURLs) throws(JSONFault) -> String {
        // The worker reads what the gateway publishes.
        JSONTree.members([
            "subscribe_url": .text(urls.input), "publish_url": .text(urls.output), "control_url": .text(urls.control),
            "events_url": .text(urls.events), "model_id": .text(request.order.model),
            "params": try parameters(request.order.parameters),
            // pytrickle refuses a start without one.
            "gateway_request_id": .text(request.request.isEmpty ? manifest : request.request), "manifest_id": .text(manifest),
            "stream_id": .text(request.order.streamID),
        ]).text
    }
}

/// Where a session's channels are.
package struct LiveVideoURLs: Hashable, Sendable {
    package var input: String
    package var output: String
    package var control: String
    package var events: String

    /// - Parameter base: of the orchestrator's channels, with a slash at its end.
    package init(base: String, manifest: String) {
        input = base + manifest
        output = "\(base)\(manifest)-out"
        control = "\(base)\(manifest)-control"
        events = "\(base)\(manifest)-events"
    }

    /// An orchestrator's answer to a start call; paths without a host are the orchestrator's own (§4.1).
    ///
    /// - Throws: `JSONFault` naming what is missing.
    package init(answer: some Sequence<UInt8>, from orchestrator: String) throws(JSONFault) {
        let tree = try JSONTree(parsing: answer)
        func url(_ key: String, isNeeded: Bool = true) throws(JSONFault) -> String {
            guard let text = tree[key]?.string, !text.isEmpty else {
                if isNeeded { throw JSONFault("the answer has no \(key)") }
                return ""
            }
            return text.hasPrefix("/") ? orchestrator + text : text
        }
        input = try url("publish_url")
        output = try url("subscribe_url")
        control = try url("control_url")
        events = try url("events_url", isNeeded: false)
    }

    package func answer(manifest: String) -> String {
        JSONTree.members([
            "publish_url": .text(input), "subscribe_url": .text(output), "control_url": .text(control), "events_url": .text(events),
            "manifest_id": .text(manifest),
        ]).text
    }
}
