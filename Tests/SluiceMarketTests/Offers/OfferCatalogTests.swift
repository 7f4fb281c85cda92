import SluiceTypes
import Testing

@testable import SluiceMarket

@Suite struct OfferCatalogTests {
    private let first = OrchestratorID("https://one:8935")
    private let second = OrchestratorID("https://two:8935")

    private func listing(_ id: OrchestratorID, wei: Int64 = 10, region: String? = nil) -> OrchestratorListing {
        OrchestratorListing(
            id: id, offers: [OfferedCapability(pipeline: "transcode", price: Price(pricePerUnit: wei, pixelsPerUnit: 1))],
            capabilities: CapabilitySet([.h264]), region: region, isReachable: true)
    }

    @Test func saysWhatHasChangedAndNothingElse() {
        var catalog = OfferCatalog()
        let added = catalog.update([listing(first), listing(second)], from: .declared)
        #expect(added.map(\.kind) == [.added, .added] && added.map(\.version) == [1, 2])
        #expect(catalog.update([listing(first), listing(second)], from: .declared).isEmpty)
        let changed = catalog.update([listing(first, wei: 11), listing(second)], from: .declared)
        #expect(changed.map(\.kind) == [.changed] && changed.first?.key.orchestrator == first)
        let removed = catalog.update([listing(second)], from: .declared)
        #expect(removed.map(\.kind) == [.removed] && catalog.count == 1)
        #expect(catalog.version == 4)
    }

    @Test func namesOfThoseThatHaveGoneAreForgotten() {
        var catalog = OfferCatalog()
        for round in 0..<200 {
            let others = (0..<50).map { OrchestratorID("https://\(round)-\($0):8935") }
            _ = catalog.update([listing(first, region: "here")] + others.map { listing($0, region: "\($0)") }, from: .webhook)
        }
        #expect(catalog.names.count <= OfferCatalog.mostSpareNames + 2 * OfferRow.names * 51 + OfferRow.names * 51)
        #expect(catalog.rows.contains { $0.isUsed && $0.orchestrator == catalog.names.find(first.rawValue) && $0.region >= 0 })
        #expect(catalog.names.find("here") >= 0)
    }

    @Test func ofOneThatStandsTwiceTheFirstCounts() {
        var catalog = OfferCatalog()
        for wei in [Int64(10), 10, 12] {
            _ = catalog.update([listing(first, wei: wei), listing(second), listing(first, wei: 99)], from: .webhook)
            #expect(catalog[Offer.Key(first, "transcode")]?.offered.price?.pricePerUnit == wei)
        }
    }

    @Test func aRoundTripThatWasMeasuredAnewIsNoNews() {
        var catalog = OfferCatalog()
        var one = listing(first)
        one.roundTrip = 0.02
        _ = catalog.update([one], from: .declared)
        one.roundTrip = 0.03
        #expect(catalog.update([one], from: .declared).isEmpty)
    }

    @Test func ourOperatorGoesBeforeTheOrchestratorAndThatBeforeAList() throws {
        var catalog = OfferCatalog()
        _ = catalog.update([OrchestratorListing(id: first, region: "webhook-region", trust: 1)], from: .webhook)
        _ = catalog.update([listing(first, region: "own")], from: .declared)
        let key = Offer.Key(first, "transcode")
        #expect(catalog[key]?.region == "own")
        _ = catalog.update([OrchestratorListing(id: first, region: "eu")], from: .configured)
        let offer = try #require(catalog[key])
        #expect(offer.region == "eu" && offer.trust == 1)
        #expect(offer.sources == [.configured, .declared, .webhook])
        #expect(offer.provenance[.region] == .configured && offer.provenance[.price] == .declared && offer.provenance[.trust] == .webhook)
        // It goes on with what the others say when one falls silent.
        _ = catalog.update([], from: .configured)
        #expect(catalog[key]?.region == "own")
    }

    @Test func oneThatIsMerelyNamedIsListedAndNotTakenForReachable() {
        var catalog = OfferCatalog()
        _ = catalog.update([OrchestratorListing(id: first, trust: 0)], from: .webhook)
        #expect(catalog.all.map(\.offered.pipeline) == ["transcode"] && catalog.all.first?.isReachable == false)
    }

    @Test func textOfStrangersStaysText() {
        var catalog = OfferCatalog()
        let name = "a\"b\\c\n</script><b>"
        _ = catalog.update([OrchestratorListing(id: OrchestratorID(name), region: name)], from: .webhook)
        let json = String(decoding: catalog.json, as: UTF8.self)
        #expect(json.contains(#""orchestrator":"a\"b\\c\u000a\u003c/script\u003e\u003cb\u003e""#))
    }

    @Test func tenThousandAreListedQuotedAndKeptInTheirBounds() {
        var catalog = OfferCatalog()
        let many = (0..<OfferCatalog.most + 5).map { listing(OrchestratorID("https://\($0):8935"), wei: Int64($0 % 100)) }
        _ = catalog.update(many, from: .webhook)
        #expect(catalog.count == OfferCatalog.most && catalog.left == 5)
    }
}
