import SluiceTypes
import Testing

@testable import SluiceMarket

@Suite struct PerformanceTests {
    private let good = Offer.Key(OrchestratorID("good"), "transcode")
    private let bad = Offer.Key(OrchestratorID("bad"), "transcode")

    private func outcome(_ end: WorkOutcome.End = .done, finish: Double? = 0.4, pixels: Int64 = 1000) -> WorkOutcome {
        WorkOutcome(end: end, kind: .primary, duration: 2, finish: finish, pixelsExpected: 1000, pixels: pixels)
    }

    @Test func whoFailsRanksBelowWhoDoesNot() {
        var book = PerformanceBook()
        for _ in 0..<100 { book.add(outcome(), of: good, at: 1000) }
        for index in 0..<100 { book.add(outcome(index % 3 == 0 ? .failed(.timedOut) : .done), of: bad, at: 1000) }
        let ranking = book.ranking([], at: 1100)
        #expect(ranking.map(\.key) == [good, bad])
        #expect((ranking.first?.score ?? 0) - (ranking.last?.score ?? 1) > 0.2)
        #expect((ranking.first?.measures.keys).map { Set($0) } == [.latency, .reliability, .steadiness, .incidents, .quality])
    }

    @Test func quantilesAreThoseOfTheFinishTimes() throws {
        var tally = PerformanceTally()
        for step in 1...100 { tally.add(outcome(finish: Double(step) / 100), at: 1) }
        let p50 = try #require(tally.finish(0.5))
        let p95 = try #require(tally.finish(0.95))
        #expect(abs(p50 - 0.25) < 0.05 && abs(p95 - 0.475) < 0.1)
    }

    @Test func ofANewcomerMuchIsHopedAndOfOneWithAPastItsPastCounts() {
        let formula = ScoreFormula()
        #expect(formula.score([:], samples: 0) == formula.newcomer)
        var tally = PerformanceTally()
        for _ in 0..<200 { tally.add(outcome(.failed(.unreachable), finish: nil), at: 1) }
        let score = formula.score(formula.measures(tally, nil, MarketLevel(), at: 2), samples: 200)
        #expect(score < 0.1)
    }

    @Test func morePixelsThanAskedForMakeUpForNothing() {
        var tally = PerformanceTally()
        tally.add(outcome(pixels: 5000), at: 1)
        tally.add(outcome(pixels: 500), at: 1)
        #expect(ScoreFormula().measures(tally, nil, MarketLevel(), at: 2)[.quality] == 0.75)
    }

    @Test func historyIsBoundedAndOldHoursDoNotCount() {
        var history = PerformanceHistory()
        for hour in 0..<100 { history.add(outcome(), at: Int64(hour) * 3600 + 5) }
        #expect(history.hours.count == PerformanceHistory.mostHours && history.days.count == PerformanceHistory.mostDays)
        #expect(history.sum(since: 98 * 3600).count == 2)
    }

    @Test func aTallyComesBackFromItsBytes() {
        var tally = PerformanceTally()
        for step in 1...50 { tally.add(outcome(finish: Double(step) / 30), at: Int64(step)) }
        tally.add(outcome(.failed(.timedOut)), at: 77)
        #expect(PerformanceTally(bytes: tally.bytes) == tally)
        #expect(PerformanceTally(bytes: Array(tally.bytes.dropLast())) == nil)
        #expect(PerformanceTally(bytes: []) == nil)
    }

    @Test func whatWasKeptIsAddedToWhatIsHere() {
        var book = PerformanceBook()
        book.add(outcome(), of: good, at: 7200)
        var old = PerformanceTally()
        old.add(outcome(), at: 3700)
        book.restore(good, hours: [.init(start: 3600, tally: old), .init(start: 7200, tally: old)], days: [])
        #expect(book.tally(of: good, at: 7300).count == 3)
        #expect(book.takeChanged().count == 1 && book.takeChanged().isEmpty)
    }

    @Test func weightsFollowTheScoreWithinBounds() {
        func ranked(_ name: String, _ score: Double) -> Ranked {
            let key = Offer.Key(OrchestratorID(name), "transcode")
            let offer = Offer(
                orchestrator: key.orchestrator, offered: OfferedCapability(pipeline: "transcode"), capabilities: CapabilitySet(),
                version: "",
                isReachable: true, trust: 1, sources: [], provenance: [:])
            return Ranked(key: key, offer: offer, tally: PerformanceTally(), measures: [:], score: score)
        }
        let weights = ScoreWeights.of([ranked("a", 0.9), ranked("b", 0.3), ranked("c", 0.0)], strength: 2)
        #expect(weights[OrchestratorID("a")] == 4 && weights[OrchestratorID("c")] == 0.25)
        #expect(ScoreWeights.of([ranked("a", 0.9)], strength: 0).isEmpty)
    }
}
