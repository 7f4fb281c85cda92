/// What an orchestrator sells beyond Livepeer's own words: field 5102 of its `OrchestratorInfo` (docs/Marketplace.md).
package struct MarketTerms: Hashable, Sendable {
    package struct Model: Hashable, Sendable {
        package var pipeline: String
        package var name: String
        package var version: String?
        /// Of the weights, e.g. `sha256:…`.
        package var digest: String?
        package var isWarm: Bool
        package var capacity: Int
        package var inUse: Int
        package var minimumVersion: String?

        package init(
            pipeline: String, name: String, version: String? = nil, digest: String? = nil, isWarm: Bool, capacity: Int, inUse: Int,
            minimumVersion: String? = nil
        ) {
            self.pipeline = pipeline
            self.name = name
            self.version = version
            self.digest = digest
            self.isWarm = isWarm
            self.capacity = capacity
            self.inUse = inUse
            self.minimumVersion = minimumVersion
        }
    }

    package var region: String?
    package var gpuClass: String?
    /// Segments a hardware encoder takes at once.
    package var encoderSlots: Int?
    /// Of transcoding; 0 where nothing is told.
    package var sessions: Int
    package var sessionsInUse: Int
    /// Lowest version of a gateway.
    package var minimumVersion: String?
    package var models: [Model]
    package var prices: PriceTerms?

    package init(
        region: String? = nil, gpuClass: String? = nil, encoderSlots: Int? = nil, sessions: Int = 0, sessionsInUse: Int = 0,
        minimumVersion: String? = nil, models: [Model] = [], prices: PriceTerms? = nil
    ) {
        self.region = region
        self.gpuClass = gpuClass
        self.encoderSlots = encoderSlots
        self.sessions = sessions
        self.sessionsInUse = sessionsInUse
        self.minimumVersion = minimumVersion
        self.models = models
        self.prices = prices
    }

    /// Of each list in it: what a config may have.
    package static let mostItems = 500
}

/// A price function as it is told: bases in wei, and the factors; what they mean is the market's (`PriceFunction`).
package struct PriceTerms: Hashable, Sendable {
    package struct Base: Hashable, Sendable {
        package var pipeline: String
        package var model: String?
        /// For `units` of them, before the factors.
        package var wei: Double
        package var units: Int64
        package var unit: WorkUnit

        package init(pipeline: String, model: String? = nil, wei: Double, units: Int64 = 1, unit: WorkUnit) {
            self.pipeline = pipeline
            self.model = model
            self.wei = wei
            self.units = units
            self.unit = unit
        }
    }

    package struct Step: Hashable, Sendable {
        package var mark: Double
        package var factor: Double

        package init(mark: Double, factor: Double) {
            self.mark = mark
            self.factor = factor
        }
    }

    package var bases: [Base] = []
    package var gpuClasses: [String: Double] = [:]
    package var models: [String: Double] = [:]
    package var regions: [String: Double] = [:]
    package var latency: [Step] = []
    package var throughput: [Step] = []
    package var surgeFrom = 0.8
    package var surge = 1.0
    package var idleBelow = 0.2
    package var idle = 1.0
    package var hysteresis = 0.1
    package var bounds: ClosedRange<Double> = 0.25...4
    /// Seconds for which a session keeps its price.
    package var validity: Int64 = 60
    /// `idle`, `usual` or `surge`: what it is now.
    package var load = "usual"

    package init() {}
}
