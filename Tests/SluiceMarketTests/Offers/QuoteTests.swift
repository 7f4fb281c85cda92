import SluiceTypes
import Testing

@testable import SluiceMarket

@Suite struct QuoteTests {
    private func id(_ name: String) -> OrchestratorID { OrchestratorID(name) }

    private func catalog() -> OfferCatalog {
        func one(_ name: String, wei: Int64, region: String, gpu: GPUClass, reachable: Bool = true) -> OrchestratorListing {
            OrchestratorListing(
                id: id(name), offers: [OfferedCapability(pipeline: "transcode", price: Price(pricePerUnit: wei, pixelsPerUnit: 1))],
                capabilities: CapabilitySet([.h264, .mpegTS]), region: region,
                gpu: GPU(vendor: "nvidia", model: name, memory: 24 << 30, encoders: [.h264], gpuClass: gpu), isReachable: reachable)
        }
        var catalog = OfferCatalog()
        _ = catalog.update(
            [
                one("cheap", wei: 10, region: "eu", gpu: .consumer), one("dear", wei: 30, region: "eu", gpu: .datacenterEncode),
                one("far", wei: 5, region: "us", gpu: .consumer), one("away", wei: 1, region: "eu", gpu: .consumer, reachable: false),
            ], from: .declared)
        return catalog
    }

    @Test func thoseThatFitComeByPriceOverScore() {
        var catalog = catalog()
        let answer = catalog.quote(QuoteRequest(unitsPerSecond: 1000, duration: 10, region: "eu"))
        #expect(answer.candidates.map(\.offer.orchestrator.rawValue) == ["cheap", "dear"])
        #expect(answer.obstacles == [.region: 1, .unreachable: 1] && answer.suitable == 2)
        // 1000 units × 10 s × 10 wei × 1.02.
        #expect(answer.candidates.first?.total == 102_000)
        catalog.set(OfferStanding(score: 0.1, p50: 1, p95: 2, samples: 100), of: Offer.Key(id("cheap"), "transcode"))
        catalog.set(OfferStanding(score: 0.9, p50: 0.1, p95: 0.2, samples: 100), of: Offer.Key(id("dear"), "transcode"))
        #expect(catalog.quote(QuoteRequest(region: "eu")).candidates.first?.offer.orchestrator.rawValue == "dear")
    }

    @Test func whoKeepsTheLatencyGoesBeforeWhoIsCheaper() throws {
        var catalog = catalog()
        catalog.set(OfferStanding(score: 0.8, p50: 0.7, p95: 0.9, samples: 50), of: Offer.Key(id("cheap"), "transcode"))
        catalog.set(OfferStanding(score: 0.8, p50: 0.1, p95: 0.2, samples: 20), of: Offer.Key(id("dear"), "transcode"))
        let answer = catalog.quote(QuoteRequest(latency: 1, segmentDuration: 2, region: "eu"))
        let best = try #require(answer.candidates.first)
        #expect(best.offer.orchestrator.rawValue == "dear" && best.keepsLatency == true && best.confidence == 0.5)
        #expect(abs((best.latencyP95 ?? 0) - 0.4) < 1e-6)
        #expect(answer.candidates.last?.keepsLatency == false)
    }

    @Test func aCeilingSaysWhatTheCheapestWouldCost() {
        let answer = catalog().quote(QuoteRequest(region: "eu", maxPrice: 8))
        #expect(answer.candidates.isEmpty && answer.cheapestAboveCeiling == 10 && answer.obstacles[.price] == 2)
    }

    @Test func whatIfAsksOfAPictureThatIsNot() {
        let without = catalog().quote(QuoteRequest(region: "eu", without: [id("cheap")]))
        #expect(without.candidates.map(\.offer.orchestrator.rawValue) == ["dear"] && without.obstacles[.excluded] == 1)
        let assumed = catalog().quote(QuoteRequest(region: "eu", assumedPrices: [id("dear"): 1]))
        #expect(assumed.candidates.first?.offer.orchestrator.rawValue == "dear" && assumed.candidates.first?.weiPerUnit == 1)
    }

    @Test func whatNobodyHasIsSaid() {
        #expect(catalog().quote(QuoteRequest(pipeline: "llm")).obstacles == [.pipeline: 4])
        #expect(catalog().quote(QuoteRequest(region: "mars")).obstacles[.region] == 3)
        #expect(catalog().quote(QuoteRequest(gpuClasses: ["nothing"])).obstacles[.gpuClass] == 3)
        #expect(catalog().quote(QuoteRequest(codecs: [.hevc])).obstacles[.codec] == 3)
        #expect(catalog().quote(QuoteRequest(leastMemory: 80 << 30)).obstacles[.memory] == 3)
        #expect(catalog().quote(QuoteRequest(mustBeWarm: true)).obstacles[.cold] == 3)
        #expect(catalog().quote(QuoteRequest(minimumVersion: "1.0.0")).obstacles[.version] == 3)
    }
}
