import Foundation
package import SluiceTypes

extension LiveVideoOrder {
    /// What the query of a publishing URL asks for: `pipeline`, `params`, `streamId`, `orchestrator`, `rtmpOutput` (specs/live-ai-protocol §2.1).
    ///
    /// - Returns: `nil` when no pipeline is named, which is when nothing is asked for.
    /// - Throws: `JSONFault` for parameters that are no JSON object.
    package init?(query: some StringProtocol) throws(JSONFault) {
        var found: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = sides.count > 1 ? String(sides[1]) : ""
            // In queries of RTMP URLs a plus is a plus.
            found[String(sides[0])] = value.removingPercentEncoding ?? value
        }
        guard let model = found["pipeline"], !model.isEmpty else { return nil }
        let parameters = found["params"].flatMap { $0.isEmpty ? nil : $0 } ?? "{}"
        self.init(
            model: model, parameters: try LiveVideoForms.parameters(parameters).text, streamID: found["streamId"] ?? "",
            orchestrator: found["orchestrator"].flatMap { $0.isEmpty ? nil : $0 },
            outputs: found["rtmpOutput"].flatMap { $0.isEmpty ? nil : [$0] } ?? [])
    }
}

extension LiveVideoOrder {
    /// The order with what an operator's webhook says in place of what was asked (§8.1); `nil` where neither names a model.
    package static func combined(_ asked: LiveVideoOrder?, _ grant: LiveVideoGrant?) -> LiveVideoOrder? {
        guard let grant else { return asked }
        guard let model = grant.model ?? asked?.model else { return nil }
        var order = asked ?? LiveVideoOrder(model: model)
        order.model = model
        order.parameters = grant.parameters ?? order.parameters
        order.streamID = grant.streamID ?? order.streamID
        order.pipelineID = grant.pipelineID ?? order.pipelineID
        if !grant.outputs.isEmpty { order.outputs = grant.outputs }
        return order
    }
}
