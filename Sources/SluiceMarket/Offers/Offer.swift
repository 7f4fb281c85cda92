package import SluiceTypes

/// A model by name, and by what it is made of.
package struct ModelName: Hashable, Sendable {
    package var name: String
    package var version: String?
    /// Of the weights, e.g. `sha256:…`.
    package var digest: String?

    package init(_ name: String, version: String? = nil, digest: String? = nil) {
        self.name = name
        self.version = version
        self.digest = digest
    }
}

/// Room at an orchestrator for one capability.
package struct Headroom: Hashable, Sendable {
    package var free: Int
    package var total: Int

    /// What anybody says he has beyond is not believed: sums are made of these.
    private static let most = 1 << 32

    package init(free: Int, total: Int) {
        self.free = min(max(0, free), Self.most)
        self.total = min(max(self.free, total), Self.most)
    }

    /// 0 for empty, 1 for full.
    package var load: Double { total > 0 ? 1 - Double(free) / Double(total) : 0 }
}

/// A capability at a price, as one source tells it.
package struct OfferedCapability: Hashable, Sendable {
    /// `transcode`, a pipeline of the network (`live-video-to-video`), an app, or an external capability by its name.
    package var pipeline: String
    package var model: ModelName?
    /// `nil`: nothing is asked, as off-chain, or nothing was said.
    package var price: Price?
    package var unit: WorkUnit
    package var isWarm: Bool?
    package var headroom: Headroom?
    /// Lowest version of a gateway or runner that this needs.
    package var minimumVersion: String?

    package static let transcode = "transcode"

    package init(
        pipeline: String, model: ModelName? = nil, price: Price? = nil, unit: WorkUnit = .pixel, isWarm: Bool? = nil,
        headroom: Headroom? = nil, minimumVersion: String? = nil
    ) {
        self.pipeline = pipeline
        self.model = model
        self.price = price
        self.unit = unit
        self.isWarm = isWarm
        self.headroom = headroom
        self.minimumVersion = minimumVersion
    }

    /// Longest names taken from others.
    package static let longestName = 200
}

/// A capability at a price, from one orchestrator: what all sources together say of it.
package struct Offer: Hashable, Sendable {
    package struct Key: Hashable, Sendable {
        package var orchestrator: OrchestratorID
        package var pipeline: String
        package var model: String?

        package init(_ orchestrator: OrchestratorID, _ pipeline: String, _ model: String? = nil) {
            self.orchestrator = orchestrator
            self.pipeline = pipeline
            self.model = model
        }
    }

    package var orchestrator: OrchestratorID
    package var offered: OfferedCapability
    package var operatorName: String?
    package var region: String?
    package var gpu: GPU?
    package var gpuSource: GPUSource?
    /// Segments a hardware encoder takes at once; `nil` when not known.
    package var encoderSlots: Int?
    /// Livepeer's numbers; empty where only a listing spoke.
    package var capabilities: CapabilitySet
    package var version: String
    package var isReachable: Bool
    package var roundTrip: Double?
    /// Discovery's weight, 0 for untrusted (specs/gateway-surface §12.1).
    package var trust: Double
    /// Who names it, by precedence, and who said each of the facts that sources may differ in.
    package var sources: [OfferSource]
    package var provenance: [OfferFact: OfferSource]
    /// How its price comes about, where the orchestrator tells.
    package var prices: PriceTerms?

    package init(
        orchestrator: OrchestratorID, offered: OfferedCapability, operatorName: String? = nil, region: String? = nil, gpu: GPU? = nil,
        gpuSource: GPUSource? = nil, encoderSlots: Int? = nil, capabilities: CapabilitySet, version: String, isReachable: Bool,
        roundTrip: Double? = nil, trust: Double, sources: [OfferSource], provenance: [OfferFact: OfferSource],
        prices: PriceTerms? = nil
    ) {
        self.orchestrator = orchestrator
        self.offered = offered
        self.operatorName = operatorName
        self.region = region
        self.gpu = gpu
        self.gpuSource = gpuSource
        self.encoderSlots = encoderSlots
        self.capabilities = capabilities
        self.version = version
        self.isReachable = isReachable
        self.roundTrip = roundTrip
        self.trust = trust
        self.sources = sources
        self.provenance = provenance
        self.prices = prices
    }

    package var key: Key { Key(orchestrator, offered.pipeline, offered.model?.name) }

    /// What it encodes to: in hardware as the GPU says, else by the capability's bits.
    package var codecs: [VideoCodec] {
        if let gpu, !gpu.encoders.isEmpty { return VideoCodec.allCases.filter(gpu.encoders.contains) }
        let bits: [(Capability, VideoCodec)] = [(.h264, .h264), (.hevcEncode, .hevc), (.vp8Encode, .vp8), (.vp9Encode, .vp9)]
        return bits.filter { capabilities.contains($0.0) }.map(\.1)
    }
}

/// Facts that are told of an orchestrator by more than one.
package enum OfferFact: String, Hashable, Sendable, CaseIterable {
    case price, region, gpu, operatorName = "operator", version, capabilities, headroom, trust
}
