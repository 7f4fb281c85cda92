import SluiceTypes

/// What all sources together say of one orchestrator: of each fact the word of the first source that has one.
struct OfferMerge {
    private let id: OrchestratorID
    /// By precedence.
    private let told: [(source: OfferSource, listing: OrchestratorListing)]

    init(_ id: OrchestratorID, _ listings: [OfferSource: OrchestratorListing]) {
        self.id = id
        told = listings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func first<Value>(_ fact: (OrchestratorListing) -> Value?) -> (value: Value, source: OfferSource)? {
        for (source, listing) in told {
            if let value = fact(listing) { return (value, source) }
        }
        return nil
    }

    /// Capabilities by pipeline and model; those of one name from several sources are one.
    var offers: [Offer] {
        var order: [Offer.Key] = []
        var byKey: [Offer.Key: [(OfferSource, OfferedCapability)]] = [:]
        for (source, listing) in told {
            for offered in listing.offers {
                let key = Offer.Key(id, offered.pipeline, offered.model?.name)
                if byKey[key] == nil { order.append(key) }
                byKey[key, default: []].append((source, offered))
            }
        }
        // One that is merely named is taken for a transcoder, as the network does (specs/transcoding-protocol §1.4).
        if order.isEmpty, let source = told.first?.source {
            let key = Offer.Key(id, OfferedCapability.transcode)
            order = [key]
            byKey[key] = [(source, OfferedCapability(pipeline: OfferedCapability.transcode))]
        }
        return order.map { offer(byKey[$0] ?? []) }
    }

    private func offer(_ same: [(source: OfferSource, offered: OfferedCapability)]) -> Offer {
        var provenance: [OfferFact: OfferSource] = [:]
        var offered = same.first?.offered ?? OfferedCapability(pipeline: OfferedCapability.transcode)
        for (source, other) in same {
            if let price = other.price, provenance[.price] == nil {
                offered.price = price
                offered.unit = other.unit
                provenance[.price] = source
            }
            if let headroom = other.headroom, provenance[.headroom] == nil {
                offered.headroom = headroom
                provenance[.headroom] = source
            }
            offered.isWarm = offered.isWarm ?? other.isWarm
            offered.minimumVersion = offered.minimumVersion ?? other.minimumVersion
            if var model = offered.model {
                model.version = model.version ?? other.model?.version
                model.digest = model.digest ?? other.model?.digest
                offered.model = model
            }
        }
        func told<Value>(_ fact: OfferFact, _ value: (OrchestratorListing) -> Value?) -> Value? {
            let found = first(value)
            provenance[fact] = found?.source
            return found?.value
        }
        let gpu = told(.gpu) { $0.gpu }
        return Offer(
            orchestrator: id, offered: offered, operatorName: told(.operatorName) { $0.operatorName },
            region: told(.region) { $0.region }, gpu: gpu, gpuSource: first { $0.gpuSource }?.value,
            encoderSlots: first { $0.encoderSlots }?.value, capabilities: told(.capabilities) { $0.capabilities } ?? CapabilitySet(),
            version: told(.version) { $0.version } ?? "", isReachable: isReachable, roundTrip: first { $0.roundTrip }?.value,
            trust: told(.trust) { $0.trust } ?? 0, sources: self.told.map(\.source), provenance: provenance,
            prices: first { $0.prices }?.value)
    }

    /// Only who talks to it knows; one that is listed alone has not been asked.
    private var isReachable: Bool { first { $0.isReachable }?.value ?? false }
}
