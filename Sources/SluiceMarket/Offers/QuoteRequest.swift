package import SluiceTypes

/// What an application wants done, before it starts.
package struct QuoteRequest: Sendable {
    package var pipeline: String
    package var model: String?
    /// What must be encoded to.
    package var codecs: Set<VideoCodec>
    package var capabilities: CapabilitySet
    /// Units in a second of media: pixels of all renditions, or 1 where time is sold.
    package var unitsPerSecond: Double
    /// Seconds of media.
    package var duration: Double
    /// Seconds from sending a segment to its last rendition; `nil` for as soon as may be.
    package var latency: Double?
    /// Seconds of media in a segment, for latencies.
    package var segmentDuration: Double
    package var region: String?
    package var gpuClasses: Set<String>
    package var leastMemory: Int64
    package var mustBeWarm: Bool
    package var minimumVersion: String?
    /// Wei per unit.
    package var maxPrice: Double?
    /// Answers wanted.
    package var limit: Int

    // What if …
    package var without: Set<OrchestratorID>
    /// Wei per unit, in the place of the live price.
    package var assumedPrices: [OrchestratorID: Double]
    /// 0 to 1: were all so full who tell how their prices come about.
    package var assumedLoad: Double?

    package static let mostCandidates = 50

    package init(
        pipeline: String = OfferedCapability.transcode, model: String? = nil, codecs: Set<VideoCodec> = [],
        capabilities: CapabilitySet = CapabilitySet(), unitsPerSecond: Double = 1, duration: Double = 60, latency: Double? = nil,
        segmentDuration: Double = 2, region: String? = nil, gpuClasses: Set<String> = [], leastMemory: Int64 = 0, mustBeWarm: Bool = false,
        minimumVersion: String? = nil, maxPrice: Double? = nil, limit: Int = 5, without: Set<OrchestratorID> = [],
        assumedPrices: [OrchestratorID: Double] = [:], assumedLoad: Double? = nil
    ) {
        self.pipeline = pipeline
        self.model = model
        self.codecs = codecs
        self.capabilities = capabilities
        self.unitsPerSecond = unitsPerSecond
        self.duration = duration
        self.latency = latency
        self.segmentDuration = segmentDuration
        self.region = region
        self.gpuClasses = gpuClasses
        self.leastMemory = leastMemory
        self.mustBeWarm = mustBeWarm
        self.minimumVersion = minimumVersion
        self.maxPrice = maxPrice
        self.limit = limit
        self.without = without
        self.assumedPrices = assumedPrices
        self.assumedLoad = assumedLoad
    }
}

/// One who could do it.
package struct QuoteCandidate: Sendable {
    package var offer: Offer
    /// Wei per unit.
    package var weiPerUnit: Double
    /// Wei for the whole request, by the gateway's advance estimate.
    package var total: Double
    /// Seconds from sending a segment to its last rendition; `nil` where nothing is known of it.
    package var latencyP50: Double?
    package var latencyP95: Double?
    /// Whether the latency asked for is kept nineteen times of twenty, as far as it is known.
    package var keepsLatency: Bool?
    /// How much the prediction rests on: 0 for nothing, near 1 for hundreds of segments.
    package var confidence: Double
    package var score: Double
    /// Wei per unit by the orchestrator's own price function for what is asked: this latency promised, this much committed to. `nil`
    /// where it does not tell. Livepeer's messages cannot ask for these, so that `weiPerUnit` is what is paid.
    package var weiAtTerms: Double?
}

/// Why offers do not do, with how many of them.
package enum QuoteObstacle: String, Hashable, Sendable, CaseIterable {
    case unreachable, pipeline, model, codec, capabilities, region, gpuClass, memory, cold, version, price, full, excluded
}

package struct QuoteAnswer: Sendable {
    package var candidates: [QuoteCandidate]
    /// How many would do, those beyond the limit too.
    package var suitable: Int
    /// For those that would not: the first obstacle of each.
    package var obstacles: [QuoteObstacle: Int]
    /// The cheapest of those that only the ceiling keeps out, in wei per unit.
    package var cheapestAboveCeiling: Double?
}
