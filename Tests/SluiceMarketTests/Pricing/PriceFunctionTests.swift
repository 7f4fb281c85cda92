import SluiceTypes
import Testing

@testable import SluiceMarket

@Suite struct PriceFunctionTests {
    private func function() throws -> PriceFunction {
        var function = PriceFunction(bases: [
            .init(pipeline: "transcode", price: try Money(text: "100")),
            .init(pipeline: "live-video-to-video", price: try Money(text: "0.001USD"), unit: .second),
        ])
        function.gpuClasses = ["datacenter-encode": 1.2]
        function.regions = ["eu": 1.1]
        function.latency = [.init(0.3, 1.5), .init(0.6, 1.2)]
        function.throughput = [.init(1e6, 0.9), .init(1e7, 0.8)]
        function.load = LoadBands(surge: 1.5, idle: 0.8)
        return function
    }

    @Test func everyFactorIsThereAndExplained() throws {
        let ask = PriceAsk(gpuClass: "datacenter-encode", region: "eu", latencyShare: 0.5, unitsPerSecond: 2e6)
        let terms = try function().price(ask, state: .surge, rates: RateBook(), at: 1000)
        #expect(terms.steps.map(\.name) == ["base", "gpuClass", "latency", "throughput", "region", "load"])
        #expect(abs(terms.price.weiPerPixel - 100 * 1.2 * 1.2 * 0.9 * 1.1 * 1.5) < 1e-3)
        #expect(terms.validUntil == 1060)
        #expect(terms.words.contains("×1.5  surge: the load rose to 80% and has not fallen below 70%"))
    }

    @Test func noPromiseIsNoFactor() throws {
        let terms = try function().price(PriceAsk(), state: .usual, rates: RateBook(), at: 0)
        #expect(terms.steps.map(\.name) == ["base"] && terms.price == Price(pricePerUnit: 100, pixelsPerUnit: 1))
    }

    @Test func togetherTheyStayInTheirBounds() throws {
        var function = try function()
        function.regions["eu"] = 50
        let terms = try function.price(PriceAsk(region: "eu"), state: .usual, rates: RateBook(), at: 0)
        #expect(terms.price.weiPerPixel == 400 && terms.steps.last?.name == "bounds")
    }

    @Test func withoutItsRateADollarPriceIsNone() throws {
        let ask = PriceAsk(pipeline: "live-video-to-video")
        #expect(throws: PriceFunction.Problem.self) { try function().price(ask, state: .usual, rates: RateBook(), at: 0) }
        var rates = RateBook()
        rates.set(try #require(ExchangeRate(weiPerUnit: 3e14, source: "feed", asOf: 0)), for: .other("USD"))
        let terms = try function().price(ask, state: .usual, rates: rates, at: 10)
        #expect(terms.price.weiPerPixel == 3e11 && terms.unit == .second)
        #expect(terms.words.contains("by feed, 10 s old"))
    }

    @Test func whatIsNotSoldIsSaid() throws {
        let problem = PriceFunction.Problem.notSold(pipeline: "llm", model: nil, sold: ["transcode", "live-video-to-video"])
        #expect(throws: problem) { try function().price(PriceAsk(pipeline: "llm"), state: .usual, rates: RateBook(), at: 0) }
    }

    @Test func aLoadThatWaversDoesNotMakeThePriceFlutter() {
        let bands = LoadBands(surgeFrom: 0.8, surge: 2, idleBelow: 0.2, idle: 0.5, hysteresis: 0.1)
        var state = LoadState.usual
        var seen: [LoadState] = []
        for load in [0.79, 0.8, 0.75, 0.71, 0.69, 0.75, 0.19, 0.25, 0.29, 0.31, .nan, 0.5] {
            state = bands.next(after: state, load: load)
            seen.append(state)
        }
        #expect(seen == [.usual, .surge, .surge, .surge, .usual, .usual, .idle, .idle, .idle, .usual, .usual, .usual])
    }

    @Test(arguments: [0.3, 0.0012345, 7, 1e-12, 1_234_567.25, 0])
    func pricesBelowAWeiKeepSixDigits(wei: Double) {
        let price = Price(wei: wei)
        #expect(abs(price.weiPerPixel - wei) <= wei * 1e-5 + 1e-13)
    }
}

@Suite struct QuoteBookTests {
    @Test func aQuoteHoldsForItsTimeAndNoLonger() throws {
        var book = QuoteBook<Int>()
        book.give(7, as: "q", until: 100, at: 40)
        #expect(try book.terms(of: "q", at: 100).terms == 7)
        #expect(throws: QuoteBook<Int>.Problem.expired("q", seconds: 1)) { try book.terms(of: "q", at: 101) }
        #expect(throws: QuoteBook<Int>.Problem.unknown("r")) { try book.terms(of: "r", at: 50) }
    }

    @Test func itsTableHasABound() {
        var book = QuoteBook<Int>(capacity: 100)
        for number in 0..<5000 { book.give(number, as: "\(number)", until: 1000, at: 0) }
        #expect(book.count == 100 && (try? book.terms(of: "4999", at: 0))?.terms == 4999)
        book.give(1, as: "late", until: 9000, at: 8000)
        #expect(book.count == 1)
    }
}

@Suite struct CeilingTests {
    @Test func theModelsCeilingGoesBeforeItsPipelinesAndTheTenantsHoldsAlways() {
        let ceilings = PriceCeilings(
            node: 100, tenants: ["acme": 50], capabilities: [.init("llm"): 70, .init("llm", "big"): 90])
        #expect(ceilings.ceiling(pipeline: "transcode", model: nil, tenant: nil) == 100)
        #expect(ceilings.ceiling(pipeline: "llm", model: "small", tenant: nil) == 70)
        #expect(ceilings.ceiling(pipeline: "llm", model: "big", tenant: nil) == 90)
        #expect(ceilings.ceiling(pipeline: "llm", model: "big", tenant: "acme") == 50)
        #expect(PriceCeilings().ceiling(pipeline: "llm", model: nil, tenant: nil) == nil)
    }

    @Test func whoDoublesThePriceInASessionIsFound() throws {
        let stream = try #require(StreamID("cam"))
        let one = OrchestratorID("one")
        var guardian = PriceGuard()
        #expect(guardian.check(10, at: one, for: stream) == nil)
        #expect(guardian.check(20, at: one, for: stream) == nil)
        #expect(guardian.check(21, at: one, for: stream)?.began == 10)
        guardian.ended(stream)
        #expect(guardian.check(21, at: one, for: stream) == nil)
    }
}
