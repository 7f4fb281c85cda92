import SluiceTypes
import Testing

@testable import SluiceRouting

/// Prices come from strangers.
@Suite struct OddPriceTests {
    private func story(_ prices: [String: Int64]) -> Story {
        Story(prices.keys.sorted()) { $0.price = Price(pricePerUnit: prices[$0.id.rawValue] ?? 0, pixelsPerUnit: 1) }
    }

    @Test func nothingAndAbsurdStandBesideEachOther() {
        var story = story(["absurd": .max, "free": 0, "usual": 1000])
        let chosen = (0..<20).map { story.serve(Int64($0)) }
        #expect(!chosen.contains("absurd") && !chosen.contains(nil))
        let decisions = story.router.decisions(of: Story.stream)
        #expect(decisions.allSatisfy { $0.cost.isFinite && $0.cost >= 0 })
    }

    @Test func anAbsurdPriceIsTakenWhereThereIsNoOther() {
        var story = story(["absurd": .max])
        #expect((0..<5).map { story.serve(Int64($0)) } == Array(repeating: "absurd", count: 5))
        #expect(story.router.decisions(of: Story.stream).last?.cost.isFinite == true)
    }

    @Test(arguments: [(Int64(-1), Int64(1)), (1, 0), (0, 0), (1, -1), (.min, .min)]) func whatIsNoPriceIsNone(wei: Int64, pixels: Int64) {
        #expect(Price(pricePerUnit: wei, pixelsPerUnit: pixels) == nil)
    }
}
