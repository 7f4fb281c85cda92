import SluiceRouting

/// The settings of routing that a comparison may change, by the names that the command line uses.
enum RoutingChange {
    private static let setters: [String: @Sendable (inout RoutingSettings, Double) -> Void] = [
        "latency": { $0.serviceLevel.latency = .share($1) },
        "percentile": { $0.serviceLevel.percentile = $1 },
        "playoutBudget": { $0.serviceLevel.playoutBudget = $1 },
        "maxPrice": { $0.serviceLevel.maxPrice = $1 },
        "hedgeBudget": { $0.serviceLevel.hedgeBudget = $1 },
        "continuitySeconds": { $0.serviceLevel.continuity.seconds = $1 },
        "continuityPrice": { $0.serviceLevel.continuity.price = $1 },
        "continuitySegments": { $0.serviceLevel.continuity.segments = Int($1) },
        "averageSpan": { $0.averageSpan = $1 },
        "sketchHalfLife": { $0.sketchHalfLife = $1 },
        "hedgeQuantile": { $0.hedgeQuantile = $1 },
        "hedgeMedianFactor": { $0.hedgeMedianFactor = $1 },
        "hedgeChance": { $0.hedgeChance = $1 },
        "hedgeTargetShare": { $0.hedgeTargetShare = $1 },
        "equalShare": { $0.equalShare = $1 },
        "unrestShare": { $0.unrestShare = $1 },
        "adoptSpan": { $0.adoptSpan = $1 },
        "soonerShare": { $0.soonerShare = $1 },
        "canaryShare": { $0.canaryShare = $1 },
        "staleAfter": { $0.staleAfter = $1 },
        "attempts": { $0.attempts = Int($1) },
        "sample": { $0.sample = Int($1) },
        "priceWeight": { $0.priceWeight = $1 },
        "ejection": { $0.health.ejection = $1 },
        "suspicion": { $0.health.suspicion = $1 },
    ]

    static var names: [String] { setters.keys.sorted() }

    /// - Parameter name: one of `names`.
    static func apply(_ name: String, _ value: Double, to settings: inout RoutingSettings) { setters[name]?(&settings, value) }
}
