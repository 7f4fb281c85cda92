import SluiceTypes
import Testing

@testable import SluiceMarket

/// A gateway reckons with what it was told as the orchestrator does itself.
@Suite struct PriceTermsTests {
    private static var function: PriceFunction {
        get throws {
            var function = PriceFunction(bases: [
                try .init(text: "transcode = 100 wei per pixel"), try .init(text: "live-video-to-video/noop = 0.2 USD per 3600 seconds"),
                try .init(text: "other = 1 XYZ per job"),
            ])
            function.gpuClasses = ["datacenter-encode": 1.2]
            function.regions = ["eu": 1.1]
            function.models = ["noop": 3]
            function.latency = [.init(0.3, 1.5), .init(0.6, 1.2)]
            function.throughput = [.init(1e7, 0.9), .init(1e8, 0.8)]
            function.load = LoadBands(surge: 1.5, idle: 0.8)
            function.validity = 77
            return function
        }
    }

    private static var rates: RateBook {
        var rates = RateBook()
        if let usd = Currency("USD"), let rate = ExchangeRate(weiPerUnit: 3e14, source: "test", asOf: 1000) { rates.set(rate, for: usd) }
        return rates
    }

    @Test func theSamePriceOnBothSides() throws {
        let function = try Self.function
        for state in LoadState.allCases {
            let terms = function.terms(state, rates: Self.rates, at: 1000)
            #expect(terms.validity == 77 && terms.bases.count == 2, "nothing is sold at a guess: no rate of XYZ")
            for latency in [nil, 0.2, 0.5, 0.9] as [Double?] {
                for rate in [nil, 1e6, 2e7, 5e8] as [Double?] {
                    for (pipeline, model) in [("transcode", nil), ("live-video-to-video", "noop")] as [(String, String?)] {
                        let ask = PriceAsk(
                            pipeline: pipeline, model: model, gpuClass: "datacenter-encode", region: "eu", latencyShare: latency,
                            unitsPerSecond: rate)
                        let own = try function.price(ask, state: state, rates: Self.rates, at: 1000).price.weiPerPixel
                        let told = try #require(PriceFunction.weiPerUnit(terms, ask))
                        #expect(abs(own - told) <= own * 1e-6, "\(own) \(told) \(ask) \(state)")
                    }
                }
            }
        }
    }

    @Test func anotherLoadAndWhatIsNotSold() throws {
        let terms = try Self.function.terms(.usual, rates: Self.rates, at: 1000)
        #expect(PriceFunction.weiPerUnit(terms, PriceAsk()) == 100)
        #expect(PriceFunction.weiPerUnit(terms, PriceAsk(), load: 0.9) == 150)
        #expect(PriceFunction.weiPerUnit(terms, PriceAsk(), load: 0.05) == 80)
        #expect(PriceFunction.weiPerUnit(terms, PriceAsk(pipeline: "llm")) == nil)
    }

    private func listing(_ name: String, _ wei: String, minimum: String? = nil) throws -> OrchestratorListing {
        var function = PriceFunction(bases: [try .init(text: "transcode = \(wei) wei per pixel")])
        function.load = LoadBands(surge: 3)
        function.latency = [.init(0.6, 2)]
        let entry = OrchestratorEntry(
            id: OrchestratorID(name), capabilities: CapabilitySet([.h264]), price: Price(pricePerUnit: Int64(wei) ?? 0, pixelsPerUnit: 1),
            version: "1",
            market: MarketTerms(
                region: "eu", gpuClass: "cpu", encoderSlots: 3, sessions: 10, sessionsInUse: 4, minimumVersion: minimum,
                models: [
                    .init(
                        pipeline: "live-video-to-video", name: "noop", version: "2", digest: "sha256:1", isWarm: true, capacity: 2, inUse: 1
                    )
                ], prices: function.terms(.usual, rates: RateBook(), at: 0)))
        return OrchestratorListing(entry)
    }

    @Test func aQuoteSaysThePriceAtTheTermsAndAtAnotherLoad() throws {
        var catalog = OfferCatalog()
        _ = catalog.update([try listing("a", "100")], from: .declared)
        var request = QuoteRequest(unitsPerSecond: 1000, latency: 1, segmentDuration: 2)
        let plain = try #require(catalog.quote(request).candidates.first)
        #expect(plain.weiPerUnit == 100 && plain.weiAtTerms == 200)
        request.assumedLoad = 0.95
        #expect(catalog.quote(request).candidates.first?.weiPerUnit == 400)
        request.maxPrice = 300
        let answer = catalog.quote(request)
        #expect(answer.candidates.isEmpty && answer.cheapestAboveCeiling == 400)
    }

    @Test func allThatIsToldStandsInTheOffers() throws {
        var catalog = OfferCatalog()
        _ = catalog.update([try listing("a", "100", minimum: "0.2.0")], from: .declared)
        let offer = try #require(catalog[Offer.Key(OrchestratorID("a"), "transcode")])
        #expect(offer.region == "eu" && offer.gpu?.gpuClass == .cpu && offer.encoderSlots == 3)
        #expect(offer.offered.headroom == Headroom(free: 6, total: 10) && offer.offered.minimumVersion == "0.2.0")
        let model = try #require(catalog[Offer.Key(OrchestratorID("a"), "live-video-to-video", "noop")])
        #expect(model.offered.isWarm == true && model.offered.model?.digest == "sha256:1")
        let text = String(decoding: catalog.json, as: UTF8.self)
        #expect(
            text.contains(#""encoderSlots":3,"priceFunction":{"baseWei":100,"unit":"pixel","latency":[{"mark":0.6,"factor":2}]"#), "\(text)"
        )
        // Whom this gateway is too old for is left out, and said.
        catalog.ownVersion = "0.1.0"
        #expect(catalog.quote(QuoteRequest()).obstacles[.version] == 1)
        catalog.ownVersion = "0.2.0"
        #expect(catalog.quote(QuoteRequest()).suitable == 1)
    }

    @Test func oneAtATimeIsTheSameAsAllAtOnce() throws {
        var whole = OfferCatalog()
        var single = OfferCatalog()
        let (first, second) = (try listing("a", "100"), try listing("b", "50"))
        _ = whole.update([first, second], from: .declared)
        for one in [first, second] { #expect(!single.update(one.id, one, from: .declared).isEmpty) }
        #expect(whole.json == single.json)
        let dearer = try listing("a", "300")
        let changes = single.update(dearer.id, dearer, from: .declared)
        #expect(!changes.isEmpty && changes.allSatisfy { $0.kind == .changed })
        // And back, by the whole list: what was told singly is known.
        #expect(!single.update([first, second], from: .declared).isEmpty)
        #expect(single[Offer.Key(OrchestratorID("a"), "transcode")]?.offered.price?.pricePerUnit == 100)
        #expect(single.update(first.id, nil, from: .declared).contains { $0.kind == .removed })
        #expect(single.update(first.id, nil, from: .declared).isEmpty)
        #expect(single.count == whole.count / 2)
    }
}
