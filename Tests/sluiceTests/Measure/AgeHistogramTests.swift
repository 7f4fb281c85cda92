import Testing

@testable import sluice

@Suite struct AgeHistogramTests {
    @Test func quantilesAreNearToTheTruth() throws {
        var histogram = AgeHistogram()
        for value in Int64(1)...100_000 { histogram.add(value) }
        for share in [0.01, 0.5, 0.95, 0.99, 1] {
            let truth = share * 100_000
            let found = Double(try #require(histogram.quantile(share)))
            #expect(found >= truth && found <= truth * 1.016 + 1, "\(share): \(found)")
        }
        #expect(histogram.count == 100_000 && histogram.largest == 100_000)
    }

    @Test(arguments: [0, 1, 63, 64, 65, 127, 128, 1_000_000, 1 << 61] as [Int64])
    func oneValueIsEveryQuantile(_ value: Int64) {
        var histogram = AgeHistogram()
        histogram.add(value)
        #expect(histogram.quantile(0.01) == value && histogram.quantile(1) == value)
    }

    @Test func withoutAgesThereIsNone() {
        #expect(AgeHistogram().quantile(0.5) == nil)
    }

    @Test func aClockAheadMakesNoNegativeAge() {
        var histogram = AgeHistogram()
        histogram.add(-5)
        #expect(histogram.quantile(1) == 0)
    }

    @Test func sumsUp() {
        var first = AgeHistogram()
        var second = AgeHistogram()
        first.add(10)
        second.add(1000)
        first.add(second)
        #expect(first.count == 2 && first.largest == 1000 && first.quantile(0.5) == 10)
    }
}
