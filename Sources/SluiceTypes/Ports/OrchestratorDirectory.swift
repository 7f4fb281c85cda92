/// An orchestrator as discovery last saw it.
package struct OrchestratorEntry: Hashable, Sendable {
    package var id: OrchestratorID
    package var capabilities: CapabilitySet
    /// Wei per pixel as numerator/denominator; `nil` off-chain, where nothing is asked.
    package var price: Price?
    package var version: String
    /// Whether it answered the last time it was asked.
    package var isReachable: Bool
    /// Who runs it: the Ethereum address, or a name from the settings. Those of one operator fail together.
    package var operatorName: String?
    package var region: String?
    /// As declared by itself or set by our operator; `nil` is found out from its finish times.
    package var gpu: GPU?
    package var gpuSource: GPUSource
    /// Seconds of the last information call, there and back.
    package var roundTrip: Double?
    /// Whether it takes segments that are still being cut (`SegmentTransport.stream`).
    package var takesStreamedSegments: Bool
    /// Models that it works on live video with (`LiveVideoTransport`).
    package var liveModels: Set<String>
    /// Capabilities of its runners that streams may be given to (BYOC); they are known by its discovery.
    package var streamApps: Set<String>
    /// What it sells beyond the network's own words; `nil` for those of another make.
    package var market: MarketTerms?

    package init(
        id: OrchestratorID, capabilities: CapabilitySet, price: Price? = nil, version: String = "",
        isReachable: Bool = true, operatorName: String? = nil, region: String? = nil, gpu: GPU? = nil,
        gpuSource: GPUSource = .configured, roundTrip: Double? = nil, takesStreamedSegments: Bool = false, liveModels: Set<String> = [],
        streamApps: Set<String> = [], market: MarketTerms? = nil
    ) {
        self.id = id
        self.capabilities = capabilities
        self.price = price
        self.version = version
        self.isReachable = isReachable
        self.operatorName = operatorName
        self.region = region
        self.gpu = gpu
        self.gpuSource = gpuSource
        self.roundTrip = roundTrip
        self.takesStreamedSegments = takesStreamedSegments
        self.liveModels = liveModels
        self.streamApps = streamApps
        self.market = market
    }
}

/// `pricePerUnit` wei for `pixelsPerUnit` pixels; `pixelsPerUnit` is above 0.
package struct Price: Hashable, Sendable {
    package var pricePerUnit: Int64
    package var pixelsPerUnit: Int64

    package init?(pricePerUnit: Int64, pixelsPerUnit: Int64) {
        guard pixelsPerUnit > 0, pricePerUnit >= 0 else { return nil }
        self.pricePerUnit = pricePerUnit
        self.pixelsPerUnit = pixelsPerUnit
    }

    /// As fractions: 2 for 4 is 1 for 2.
    package func isSame(as other: Price) -> Bool {
        pricePerUnit.multipliedFullWidth(by: other.pixelsPerUnit) == other.pricePerUnit.multipliedFullWidth(by: pixelsPerUnit)
    }

    package var words: String { "\(pricePerUnit) wei for \(pixelsPerUnit == 1 ? "a unit" : "\(pixelsPerUnit) units")" }

    package var weiPerPixel: Double { Double(pricePerUnit) / Double(pixelsPerUnit) }
}

/// Who is there. Always warm: asking never waits for the network.
package protocol OrchestratorDirectory: Sendable {
    /// All known orchestrators, in a stable order.
    var entries: [OrchestratorEntry] { get }

    func entry(_ id: OrchestratorID) -> OrchestratorEntry?

    /// Tells at once whose entry has become another, been added, or gone; a round trip that was measured anew is none. Under no lock,
    /// on any thread, and it must not wait.
    func whenChanged(_ tell: @escaping @Sendable (OrchestratorID) -> Void)
}

/// For directories that never change, and small ones.
extension OrchestratorDirectory {
    package func entry(_ id: OrchestratorID) -> OrchestratorEntry? { entries.first { $0.id == id } }

    package func whenChanged(_ tell: @escaping @Sendable (OrchestratorID) -> Void) {}
}
