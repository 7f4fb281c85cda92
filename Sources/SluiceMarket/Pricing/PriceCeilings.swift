package import SluiceTypes

/// What a gateway pays at most, in wei per unit; 0 in the settings is no ceiling, here that is `nil`.
package struct PriceCeilings: Hashable, Sendable {
    package struct Capability: Hashable, Sendable {
        package var pipeline: String
        /// `nil` for all models of the pipeline, `default` on the reference's wire (specs/gateway-surface §13).
        package var model: String?

        package init(_ pipeline: String, _ model: String? = nil) {
            self.pipeline = pipeline
            self.model = model
        }
    }

    package var node: Double?
    package var tenants: [String: Double] = [:]
    package var capabilities: [Capability: Double] = [:]

    package init(node: Double? = nil, tenants: [String: Double] = [:], capabilities: [Capability: Double] = [:]) {
        self.node = node
        self.tenants = tenants
        self.capabilities = capabilities
    }

    /// The model's, else its pipeline's, else the node's; and never above the tenant's.
    package func ceiling(pipeline: String, model: String?, tenant: String?) -> Double? {
        let work =
            model.flatMap { capabilities[Capability(pipeline, $0)] } ?? capabilities[Capability(pipeline)] ?? node
        guard let own = tenant.flatMap({ tenants[$0] }) else { return work }
        return min(own, work ?? own)
    }
}

/// The reference's guard: a session whose price has risen beyond twice what it began at is left (specs/gateway-surface §13).
package struct PriceGuard: Sendable {
    package struct Rise: Error, Hashable, Sendable, CustomStringConvertible {
        package var orchestrator: OrchestratorID
        package var began: Double
        package var now: Double
        package var factor: Double

        package var description: String {
            "\(orchestrator) began this stream at \(began.plain) wei a pixel and now wants \(now.plain); at most ×\(factor.plain) is right"
        }
    }

    /// Of the price at the beginning.
    package var factor = 2.0
    private var began: [StreamID: [OrchestratorID: Double]] = [:]

    package init(factor: Double = 2) { self.factor = factor }

    /// - Returns: how far it has risen, where that is too far. What began free is not held to that: it has no price to double.
    package mutating func check(_ wei: Double, at orchestrator: OrchestratorID, for stream: StreamID) -> Rise? {
        guard let first = began[stream]?[orchestrator] else {
            began[stream, default: [:]][orchestrator] = wei
            return nil
        }
        guard first > 0, wei > first * factor else { return nil }
        return Rise(orchestrator: orchestrator, began: first, now: wei, factor: factor)
    }

    package mutating func ended(_ stream: StreamID) { began[stream] = nil }
}
