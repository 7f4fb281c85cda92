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

    package init(
        id: OrchestratorID, offers: [OfferedCapability] = [], capabilities: CapabilitySet? = nil, operatorName: String? = nil,
        region: String? = nil, gpu: GPU? = nil, gpuSource: GPUSource? = nil, encoderSlots: Int? = nil, version: String? = nil,
        isReachable: Bool? = nil, roundTrip: Double? = nil, trust: Double? = nil
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
    }
}
