package import SluiceTypes

/// What one source says of one orchestrator; `nil` where it says nothing.
package struct OrchestratorListing: Hashable, Sendable {
    package var id: OrchestratorID
    package var offers: [OfferedCapability]
    package var capabilities: CapabilitySet?
    package var operatorName: String?
    package var region: String?
    package var gpu: GPU?
    package var gpuSource: GPUSource?
    package var encoderSlots: Int?
    package var version: String?
    package var isReachable: Bool?
    package var roundTrip: Double?
    package var trust: Double?
    /// How its prices come about, where it tells.
    package var prices: PriceTerms?

    package init(
        id: OrchestratorID, offers: [OfferedCapability] = [], capabilities: CapabilitySet? = nil, operatorName: String? = nil,
        region: String? = nil, gpu: GPU? = nil, gpuSource: GPUSource? = nil, encoderSlots: Int? = nil, version: String? = nil,
        isReachable: Bool? = nil, roundTrip: Double? = nil, trust: Double? = nil, prices: PriceTerms? = nil
    ) {
        self.id = id
        self.offers = offers
        self.capabilities = capabilities
        self.operatorName = operatorName
        self.region = region
        self.gpu = gpu
        self.gpuSource = gpuSource
        self.encoderSlots = encoderSlots
        self.version = version
        self.isReachable = isReachable
        self.roundTrip = roundTrip
        self.trust = trust
        self.prices = prices
    }

    /// As the directory of orchestrators has it: a transcoder by its capability bits, at its one price.
    package init(_ entry: OrchestratorEntry) {
        self.init(
            id: entry.id, capabilities: entry.capabilities, operatorName: entry.operatorName, region: entry.region, gpu: entry.gpu,
            gpuSource: entry.gpu == nil ? nil : entry.gpuSource, version: entry.version, isReachable: entry.isReachable,
            roundTrip: entry.roundTrip)
        let codecs: [Capability] = [.h264, .hevcEncode, .vp8Encode, .vp9Encode]
        if codecs.contains(where: entry.capabilities.contains) {
            offers = [OfferedCapability(pipeline: OfferedCapability.transcode, price: entry.price)]
        }
        if let market = entry.market { take(market) }
    }

    /// What the network has no words for.
    private mutating func take(_ market: MarketTerms) {
        region = region ?? market.region
        if gpu == nil, let name = market.gpuClass {
            gpu = GPU(vendor: "", model: "", gpuClass: GPUClass(name))
            gpuSource = .declared
        }
        encoderSlots = market.encoderSlots
        prices = market.prices
        for place in offers.indices {
            offers[place].minimumVersion = market.minimumVersion
            if market.sessions > 0 {
                offers[place].headroom = Headroom(free: market.sessions - market.sessionsInUse, total: market.sessions)
            }
        }
        for model in market.models {
            var offered = OfferedCapability(
                pipeline: model.pipeline, model: ModelName(model.name, version: model.version, digest: model.digest),
                isWarm: model.isWarm, headroom: Headroom(free: model.capacity - model.inUse, total: model.capacity),
                minimumVersion: model.minimumVersion ?? market.minimumVersion)
            if let prices = market.prices {
                let ask = PriceAsk(pipeline: model.pipeline, model: model.name, gpuClass: market.gpuClass, region: market.region)
                offered.unit = PriceFunction(prices).base(of: model.pipeline, model: model.name)?.unit ?? .second
                offered.price = PriceFunction.weiPerUnit(prices, ask).map { Price(wei: $0) }
            }
            offers.append(offered)
        }
    }
}
