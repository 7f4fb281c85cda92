package import SluiceTypes

/// Why an orchestrator was left out of a decision.
package enum LeftOut: Hashable, Sendable {
    case unreachable
    case lacks(capabilities: [Int])
    case tooExpensive(weiPerPixel: Double)
    /// `nil`: nothing is known of its GPU.
    case gpuClass(GPUClass?)
    case region(String?)
    case ejected(seconds: Double)
    case suspect
    case halfOpen
    case full(limit: Int)
    case late(predicted: Double)
    /// This segment was there already, or its operator is the one in trouble.
    case tried
}

/// The orchestrators that could do a kind of work under a service level, whatever their state: what changes only with discovery
/// and prices, made once and used for thousands of decisions.
struct CandidateSet: Sendable {
    struct Key: Hashable, Sendable {
        var capabilities: CapabilitySet
        var allowedClasses: Set<GPUClass>?
        var region: String?
        var maxPrice: Double?

        init(_ segment: SegmentFacts, _ level: ServiceLevel) {
            capabilities = segment.capabilities
            allowedClasses = level.allowedClasses
            region = level.region
            maxPrice = level.maxPrice
        }
    }

    /// Reasons kept by name; of larger pools the counts are enough.
    static let mostNamed = 64

    let generation: Int
    private(set) var slots: [Int] = []
    /// Those that would do, but did not answer the last call: a full one refuses calls as well (specs A3). Asked when nobody else is left.
    private(set) var silent: [Int] = []
    private(set) var leftOut: [(slot: Int, reason: LeftOut)] = []
    private(set) var leftOutCount = 0
    private(set) var cheapest = Double.infinity

    init(_ key: Key, records: [OrchestratorRecord], generation: Int) {
        self.generation = generation
        for (slot, record) in records.enumerated() where record.isListed {
            if let reason = Self.obstacle(record, key) {
                leftOutCount += 1
                if reason == .unreachable, Self.demand(record, key) == nil, silent.count < Self.mostNamed { silent.append(slot) }
                if leftOut.count < Self.mostNamed { leftOut.append((slot, reason)) }
            } else {
                slots.append(slot)
                cheapest = min(cheapest, record.price)
            }
        }
    }

    static func obstacle(_ record: OrchestratorRecord, _ key: Key) -> LeftOut? {
        let entry = record.entry
        guard entry.isReachable else { return .unreachable }
        return demand(record, key)
    }

    /// What the job or the service level asks for and it does not have.
    private static func demand(_ record: OrchestratorRecord, _ key: Key) -> LeftOut? {
        let entry = record.entry
        let missing = key.capabilities.subtracting(entry.capabilities)
        guard missing.isEmpty else { return .lacks(capabilities: missing) }
        if let ceiling = key.maxPrice, record.price > ceiling { return .tooExpensive(weiPerPixel: record.price) }
        if let region = key.region, entry.region != region { return .region(entry.region) }
        if let allowed = key.allowedClasses {
            guard let gpuClass = record.gpuClass, allowed.contains(gpuClass) else { return .gpuClass(record.gpuClass) }
        }
        return nil
    }
}
