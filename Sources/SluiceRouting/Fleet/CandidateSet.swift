package import SluiceTypes

/// Why an orchestrator was left out of a decision.
package enum LeftOut: Hashable, Sendable {
    case unreachable
    case lacks(capabilities: [Int])
    case lacksModel(String)
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
    /// A runner that is not what its client asked for, in words.
    case unfit(String)
}

/// The orchestrators that could do a kind of work under a service level, whatever their state. Made once for a kind of work, and kept
/// up to date one orchestrator at a time, as what discovery says of it changes; a decision reads a handful of it.
struct CandidateSet: Sendable {
    struct Key: Hashable, Sendable {
        var capabilities: CapabilitySet
        var model: String?
        var allowedClasses: Set<GPUClass>?
        var region: String?
        var maxPrice: Double?

        init(_ segment: SegmentFacts, _ level: ServiceLevel) {
            capabilities = segment.capabilities
            model = segment.model
            allowedClasses = level.allowedClasses
            region = level.region
            maxPrice = level.maxPrice
        }
    }

    /// Reasons kept by name; of larger pools the counts are enough.
    static let mostNamed = 64

    private let key: Key
    private(set) var slots: [Int] = []
    /// Where each slot stands in `slots`; -1 for those that are left out.
    private var places: [Int32] = []
    /// Those that would do, but did not answer the last call: a full one refuses calls as well (specs A3). Asked when nobody else is left.
    private(set) var silent: [Int] = []
    private(set) var leftOut: [(slot: Int, reason: LeftOut)] = []
    private(set) var leftOutCount = 0

    init(_ key: Key, records: [OrchestratorRecord]) {
        self.key = key
        slots.reserveCapacity(records.count)
        places.reserveCapacity(records.count)
        for slot in records.indices { update(slot, records[slot], was: .absent) }
    }

    func isFor(_ segment: SegmentFacts, _ level: ServiceLevel) -> Bool {
        key.capabilities == segment.capabilities && key.model == segment.model && key.maxPrice == level.maxPrice
            && key.region == level.region
            && key.allowedClasses == level.allowedClasses
    }

    /// What an orchestrator was to the set before.
    private enum Part { case absent, candidate, leftOut }

    /// What is known of it has changed, or it is new: then its slot is the next.
    ///
    /// - Parameter wasListed: before the change.
    mutating func update(_ slot: Int, _ record: OrchestratorRecord, wasListed: Bool) {
        let part: Part = slot >= places.count || !wasListed ? .absent : places[slot] >= 0 ? .candidate : .leftOut
        update(slot, record, was: part)
    }

    private mutating func update(_ slot: Int, _ record: OrchestratorRecord, was part: Part) {
        while places.count <= slot { places.append(-1) }
        switch part {
        case .absent: break
        case .candidate: remove(slot)
        case .leftOut:
            leftOutCount -= 1
            leftOut.removeAll { $0.slot == slot }
            silent.removeAll { $0 == slot }
        }
        guard record.isListed else { return }
        guard let reason = Self.obstacle(record, key) else {
            places[slot] = Int32(slots.count)
            slots.append(slot)
            return
        }
        leftOutCount += 1
        if reason == .unreachable, Self.demand(record, key) == nil, silent.count < Self.mostNamed { silent.append(slot) }
        if leftOut.count < Self.mostNamed { leftOut.append((slot, reason)) }
    }

    private mutating func remove(_ slot: Int) {
        let place = Int(places[slot])
        places[slot] = -1
        guard let last = slots.popLast(), last != slot else { return }
        slots[place] = last
        places[last] = Int32(place)
    }

    static func obstacle(_ record: OrchestratorRecord, _ key: Key) -> LeftOut? {
        guard record.entry.isReachable else { return .unreachable }
        return demand(record, key)
    }

    /// What the job or the service level asks for and it does not have.
    private static func demand(_ record: OrchestratorRecord, _ key: Key) -> LeftOut? {
        guard record.entry.capabilities.covers(key.capabilities) else {
            return .lacks(capabilities: key.capabilities.subtracting(record.entry.capabilities))
        }
        if let model = key.model {
            let models = key.capabilities.contains(.byoc) ? record.entry.streamApps : record.entry.liveModels
            guard models.contains(model) else { return .lacksModel(model) }
        }
        if let ceiling = key.maxPrice, record.price > ceiling { return .tooExpensive(weiPerPixel: record.price) }
        if let region = key.region, record.entry.region != region { return .region(record.entry.region) }
        if let allowed = key.allowedClasses {
            guard let gpuClass = record.gpuClass, allowed.contains(gpuClass) else { return .gpuClass(record.gpuClass) }
        }
        return nil
    }
}

extension CapabilitySet {
    fileprivate func covers(_ wanted: CapabilitySet) -> Bool {
        for (index, word) in wanted.words.enumerated() where word & ~(index < words.count ? words[index] : 0) != 0 { return false }
        return true
    }
}
