package import SluiceTypes

/// Every offer that is known, from all sources together.
///
/// Pure: a source hands in its whole list, the catalogue says what has changed. One value for the whole gateway, guarded by its owner.
package struct OfferCatalog: Sendable {
    /// Offers taken; what is beyond is counted and left out. Ten times what the network has.
    package static let most = 20_000
    /// Names that no offer has any more, beside as many as offers may have.
    static let mostSpareNames = 1024

    private var listings: [OrchestratorID: [OfferSource: OrchestratorListing]] = [:]
    /// What each source said last, in its order, everybody once.
    private var last: [OfferSource: [OrchestratorListing]] = [:]
    private var keys: [OrchestratorID: [Offer.Key]] = [:]
    private var slots: [Offer.Key: Int] = [:]
    private var free: [Int] = []
    private(set) var offers: [Offer?] = []
    private(set) var rows: [OfferRow] = []
    private var lines: [[UInt8]] = []
    var names = NameTable()
    /// Rises with each change.
    package private(set) var version: UInt64 = 0
    package private(set) var left = 0
    /// Of this gateway: who wants a higher one is not for us. Empty: all are.
    package var ownVersion = ""

    package init() {}

    package var count: Int { slots.count }
    package var all: [Offer] { offers.compactMap(\.self) }

    package subscript(key: Offer.Key) -> Offer? { slots[key].flatMap { offers[$0] } }

    package func offers(of orchestrator: OrchestratorID) -> [Offer] { (keys[orchestrator] ?? []).compactMap { self[$0] } }

    // MARK: Sources

    /// Takes a source's newest list: who is not in it any more is not listed by this source.
    package mutating func update(_ list: [OrchestratorListing], from source: OfferSource) -> [OfferChange] {
        var changes: [OfferChange] = []
        let before = last[source] ?? []
        // Nearly always the same ones in the same order: then nothing is looked up but what has changed.
        if before.count == list.count, zip(before, list).allSatisfy({ $0.id == $1.id }) {
            for (old, new) in zip(before, list) where old != new { take(new, from: source, &changes) }
            last[source] = list
            return changes
        }
        let now = Set(list.map(\.id))
        for id in Set(before.map(\.id)).subtracting(now) {
            listings[id]?[source] = nil
            if listings[id]?.isEmpty == true { listings[id] = nil }
            merge(id, &changes)
        }
        // Of one that stands twice the first counts.
        var seen: Set<OrchestratorID> = []
        let once = list.filter { seen.insert($0.id).inserted }
        for listing in once { take(listing, from: source, &changes) }
        last[source] = once
        return changes
    }

    /// Takes what a source says of one orchestrator now; `nil`: it says nothing of it any more.
    ///
    /// - Complexity: O(*n*) in the source's list, comparing names alone.
    package mutating func update(_ id: OrchestratorID, _ listing: OrchestratorListing?, from source: OfferSource) -> [OfferChange] {
        var changes: [OfferChange] = []
        let place = last[source]?.firstIndex { $0.id == id }
        guard let listing else {
            guard let place else { return [] }
            last[source]?.remove(at: place)
            listings[id]?[source] = nil
            if listings[id]?.isEmpty == true { listings[id] = nil }
            merge(id, &changes)
            return changes
        }
        if let place { last[source]?[place] = listing } else { last[source, default: []].append(listing) }
        take(listing, from: source, &changes)
        return changes
    }

    private mutating func take(_ listing: OrchestratorListing, from source: OfferSource, _ changes: inout [OfferChange]) {
        let known = listings[listing.id]?[source]
        guard known != listing else { return }
        listings[listing.id, default: [:]][source] = listing
        // A round trip that was measured anew is no news to anybody.
        if known.map({ $0.isSame(as: listing) }) ?? false { setRoundTrip(listing) } else { merge(listing.id, &changes) }
    }

    private mutating func setRoundTrip(_ listing: OrchestratorListing) {
        for slot in (keys[listing.id] ?? []).compactMap({ slots[$0] }) { rows[slot].roundTrip = Float(listing.roundTrip ?? 0) }
    }

    private mutating func merge(_ id: OrchestratorID, _ changes: inout [OfferChange]) {
        let made = listings[id].map { OfferMerge(id, $0).offers } ?? []
        let before = keys[id] ?? []
        for key in before where !made.contains(where: { $0.key == key }) { remove(key, &changes) }
        for offer in made { put(offer, &changes) }
        let kept = made.map(\.key).filter { slots[$0] != nil }
        keys[id] = kept.isEmpty ? nil : kept
    }

    private mutating func put(_ offer: Offer, _ changes: inout [OfferChange]) {
        forgetNames()
        let key = offer.key
        let slot: Int
        let kind: OfferChange.Kind
        if let known = slots[key] {
            guard offers[known] != offer else { return }
            (slot, kind) = (known, .changed)
        } else {
            guard slots.count < Self.most else {
                left += 1
                return
            }
            if let reused = free.popLast() {
                slot = reused
            } else {
                slot = offers.count
                offers.append(nil)
                rows.append(OfferRow())
                lines.append([])
            }
            kind = .added
            slots[key] = slot
        }
        let standing = kind == .changed ? rows[slot].standing : OfferStanding()
        offers[slot] = offer
        rows[slot] = row(of: offer, standing)
        lines[slot] = offer.json
        version += 1
        changes.append(OfferChange(version: version, kind: kind, key: key, json: lines[slot]))
    }

    /// Once most names are those of offers that have gone.
    private mutating func forgetNames() {
        guard names.count > Self.mostSpareNames + 2 * OfferRow.names * slots.count else { return }
        names = NameTable()
        for slot in offers.indices {
            guard let offer = offers[slot] else { continue }
            let (standing, roundTrip) = (rows[slot].standing, rows[slot].roundTrip)
            rows[slot] = row(of: offer, standing)
            rows[slot].roundTrip = roundTrip
        }
    }

    private mutating func remove(_ key: Offer.Key, _ changes: inout [OfferChange]) {
        guard let slot = slots.removeValue(forKey: key) else { return }
        offers[slot] = nil
        rows[slot] = OfferRow()
        lines[slot] = []
        free.append(slot)
        version += 1
        changes.append(OfferChange(version: version, kind: .removed, key: key, json: Offer.json(of: key)))
    }

    private mutating func row(of offer: Offer, _ standing: OfferStanding) -> OfferRow {
        OfferRow(
            isUsed: true, isReachable: offer.isReachable, isWarm: offer.offered.isWarm ?? false,
            isWarmKnown: offer.offered.isWarm != nil, unit: offer.offered.unit, pipeline: names.number(offer.offered.pipeline),
            model: names.number(offer.offered.model?.name), region: names.number(offer.region),
            gpuClass: names.number(offer.gpu?.gpuClass.rawValue), orchestrator: names.number(offer.orchestrator.rawValue),
            codecs: offer.codecs.reduce(0) { $0 | $1.bit }, memory: offer.gpu?.memory ?? 0,
            capabilities: offer.capabilities.words.first ?? 0,
            wei: offer.offered.price?.weiPerPixel ?? 0, free: offer.offered.headroom.map { Int32(clamping: $0.free) } ?? .max,
            roundTrip: Float(offer.roundTrip ?? 0), standing: standing)
    }

    /// What is known of how well an offer does; no change that anybody is told of.
    package mutating func set(_ standing: OfferStanding, of key: Offer.Key) {
        if let slot = slots[key] { rows[slot].standing = standing }
    }

    // MARK: Telling

    /// The whole list as JSON: one offer a line, in the order in which they were learned.
    package var json: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.reduce(128) { $0 + $1.count + 2 })
        bytes.append(contentsOf: "{\"version\":\(version),\"count\":\(count),\"offers\":[".utf8)
        var isFirst = true
        for line in lines where !line.isEmpty {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            bytes.append(UInt8(ascii: "\n"))
            bytes.append(contentsOf: line)
        }
        bytes.append(contentsOf: "\n]}\n".utf8)
        return bytes
    }

    package func json(of key: Offer.Key) -> [UInt8]? { slots[key].map { lines[$0] } }
}

extension OrchestratorListing {
    fileprivate func isSame(as other: OrchestratorListing) -> Bool {
        var left = self
        left.roundTrip = other.roundTrip
        return left == other
    }
}
