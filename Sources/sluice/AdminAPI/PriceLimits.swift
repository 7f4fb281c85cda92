import SluiceMarket
import SluiceRouting
import Synchronization

/// What is paid at most, in wei for a unit of work (`/api/v1/prices`).
struct PriceLimits: Codable, Sendable {
    struct Capability: Codable, Sendable {
        var pipeline: String
        /// Not there: for all models of it.
        var model: String?
        var weiPerUnit: Double
        /// Set by an operator since the start; else the settings say so.
        var isOrdered: Bool
    }

    /// Not there: any price.
    var node: Double?
    /// Tenants that are promised less than the node's.
    var tenants: [String: Double]
    var capabilities: [Capability]

    init(_ market: Market) {
        node = market.levels.node.maxPrice
        tenants = Dictionary(
            market.levels.tenantNames.compactMap { name in market.levels.level(ofTenant: name)?.maxPrice.map { (name, $0) } },
            uniquingKeysWith: { first, _ in first })
        let (ceilings, ordered) = market.state.withLock { state in
            (market.settings.ceilings(node: nil, ordered: state.ordered, state.rates, at: Market.now), state.ordered)
        }
        capabilities = ceilings.capabilities.map { key, wei in
            Capability(
                pipeline: key.pipeline, model: key.model, weiPerUnit: wei,
                isOrdered: ordered.contains { $0.pipeline == key.pipeline && $0.model == key.model })
        }.sorted { ($0.pipeline, $0.model ?? "") < ($1.pipeline, $1.model ?? "") }
    }
}
