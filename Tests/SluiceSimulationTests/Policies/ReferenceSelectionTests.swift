import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

/// specs/selection-and-reliability A5, A6, A7 and A10: how a stream of the reference chooses.
@Suite struct ReferenceSelectionTests {
    // MARK: A5

    @Test(arguments: [(0.75, 2.0, 0.375), (1.0, 1.0, 1 / 1.5), (3.0, 2.0, 1.5), (1.5, 0.5, 1.0)])
    func a5TheScoreIsTheTimeOverTheDurationWithAFloor(seconds: Double, duration: Double, score: Double) {
        #expect(ReferenceSettings().score(seconds: seconds, duration: duration) == score)
    }

    @Test func a5OnlyTheLastSampleCountsAndTheDownloadDoesNot() throws {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.serve(0, after: 1)
        bench.advance(to: 4)
        bench.cut(1)
        bench.happen(.accepted, 1)
        bench.advance(by: 0.2)
        bench.happen(.transcoded, 1)
        bench.advance(by: 3)
        bench.happen(.finished, 1)
        let score = try #require(bench.policy.streams[0].pools[0].sessions.first).score
        #expect(abs(score - 0.1) < 1e-6)
    }

    @Test func a5AnotherStreamStartsBlind() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.fail(0)
        #expect(bench.targets == ["o0", "o1"])
        let other = StreamID("other")!
        bench.open(other)
        bench.answerAll()
        bench.cut(0, stream: other)
        #expect(bench.targets.last == "o0")
    }

    // MARK: A6

    private func selector(known: [(Int, Double)], unknown: [Int]) -> ReferenceSelector {
        var selector = ReferenceSelector(goodScore: 1)
        for (session, score) in known { selector.complete(session, score: score) }
        selector.add(unknown)
        return selector
    }

    @Test func a6WithoutKnownSessionsTheNearestUnknownComes() {
        var selector = selector(known: [], unknown: [7, 3])
        let chosen = [selector.select(), selector.select(), selector.select()]
        #expect(chosen == [7, 3, nil])
    }

    @Test func a6AGoodKnownSessionComesBeforeUnknownOnes() {
        var selector = selector(known: [(1, 0.9), (2, 0.4)], unknown: [7])
        let chosen = [selector.select(), selector.select(), selector.select()]
        #expect(chosen == [2, 1, 7])
    }

    @Test func a6ASlowKnownSessionComesAfterUnknownOnes() {
        var selector = selector(known: [(1, 1.2), (2, 1.1)], unknown: [7])
        let chosen = [selector.select(), selector.select()]
        #expect(chosen == [7, 2])
    }

    @Test func a6AScoreOfOneIsGood() {
        var selector = selector(known: [(1, 1.0)], unknown: [7])
        let chosen = selector.select()
        #expect(chosen == 1)
    }

    @Test func a6PriceIsNotLookedAtOffChain() {
        var bench = ReferenceBench(orchestrators: 2)
        bench.open()
        bench.answer(0, price: Price(pricePerUnit: Int64.max, pixelsPerUnit: 1))
        bench.advance(to: 0.1)
        bench.answer(1, price: Price(pricePerUnit: 1, pixelsPerUnit: 1))
        bench.cut(0)
        #expect(bench.targets == ["o0"])
    }

    // MARK: A7

    @Test func a7TheLastSessionIsUsedAgainWhileItIsGood() {
        var bench = ReferenceBench.ready(orchestrators: 3)
        for sequence in 0..<4 {
            bench.advance(to: 2 + 2 * Double(sequence))
            bench.cut(sequence)
            bench.serve(sequence, after: 1.9)
        }
        #expect(bench.targets == ["o0", "o0", "o0", "o0"])
    }

    @Test func a7OneSlowSegmentMakesItSwap() {
        var bench = ReferenceBench.ready(orchestrators: 3)
        bench.cut(0)
        bench.advance(by: 0.01)
        bench.serve(0, after: 2.01)
        bench.advance(to: 4)
        bench.cut(1)
        #expect(bench.targets == ["o0", "o1"])
        // The slow one went back to the selector, behind the untried one.
        bench.advance(by: 0.01)
        bench.serve(1, after: 2.5)
        bench.advance(to: 8)
        bench.cut(2)
        #expect(bench.targets == ["o0", "o1", "o2"])
    }

    @Test func a7WhenAllAreSlowTheLeastSlowComes() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.serve(0, after: 2.2)
        bench.cut(1)
        bench.serve(1, after: 2.4)
        bench.cut(2)
        #expect(bench.targets == ["o0", "o1", "o0"])
    }

    @Test(arguments: [(2.0, 1.99, "o0"), (2.0, 2.0, "o1"), (1.0, 1.49, "o0"), (1.0, 1.5, "o1"), (4.0, 3.99, "o0"), (4.0, 4.0, "o1")])
    func a7WithASegmentInFlightItsAgeDecides(duration: Double, age: Double, target: String) {
        var bench = ReferenceBench.ready(orchestrators: 3, duration: duration)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.advance(by: age)
        bench.cut(1)
        #expect(bench.targets == ["o0", target])
    }

    @Test func a7TheOldestInFlightDecidesAndSeveralMayBeInFlight() {
        var bench = ReferenceBench.ready(orchestrators: 3)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.advance(by: 1)
        bench.cut(1)
        bench.happen(.accepted, 1)
        bench.advance(by: 0.9)
        bench.cut(2)
        bench.happen(.accepted, 2)
        bench.advance(by: 0.2)
        bench.cut(3)
        #expect(bench.targets == ["o0", "o0", "o0", "o1"])
    }

    @Test(arguments: [(3.99, true), (4.0, false)])
    func a7WithAnEmptySelectorTwiceTheDurationIsAllowed(age: Double, isSent: Bool) {
        var bench = ReferenceBench.ready(orchestrators: 1)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.advance(by: age)
        bench.cut(1)
        #expect(bench.targets == (isSent ? ["o0", "o0"] : ["o0"]))
        #expect((bench.failure(of: 1) == nil) == isSent)
        #expect((bench.policy.streams[0].pools[0].last != nil) == isSent)
    }

    @Test func a7ASlowLastSessionDoesNotComeBackWhileAnotherIsUntried() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.serve(0, after: 2.1)
        bench.cut(1)
        bench.serve(1, after: 0.3)
        bench.cut(2)
        #expect(bench.targets == ["o0", "o1", "o1"])
    }

    // MARK: A10

    @Test func a10AMarkHoldsUntilTheCountPassesIt() {
        var suspension = ReferenceSuspension()
        suspension.signalRefresh()
        suspension.suspend(4, penalty: 2)
        let penalties = (0..<3).map { _ in
            defer { suspension.signalRefresh() }
            return suspension.penalty(of: 4)
        }
        #expect(penalties == [2, 2, 0])
        let other = suspension.penalty(of: 5)
        #expect(other == 0)
    }

    @Test func a10PenaltiesAddUp() {
        var suspension = ReferenceSuspension()
        suspension.suspend(4, penalty: 1)
        suspension.suspend(4, penalty: 2)
        let penalty = suspension.penalty(of: 4)
        #expect(penalty == 3)
    }

    @Test func a10AfterManyRefreshesAFreshPenaltyHasNoEffect() {
        var suspension = ReferenceSuspension()
        for _ in 0..<5 { suspension.signalRefresh() }
        suspension.suspend(4, penalty: 4)
        let fresh = suspension.penalty(of: 4)
        #expect(fresh == 0)
        // Looking has deleted the mark: the next one starts from 0 again.
        suspension.suspend(4, penalty: 5)
        let next = suspension.penalty(of: 4)
        #expect(next == 5)
    }

    @Test(arguments: [(5, true, 1), (5, false, 1), (9, true, 2), (50, true, 7), (50, false, 1), (16, true, 2), (17, true, 3)])
    func a10ThePenaltyIsThePoolsSizeOverWhatItWants(size: Int, areTrusted: Bool, penalty: Int) {
        #expect(ReferenceSessionPool(members: Array(0..<size), areTrusted: areTrusted, settings: .init()).penalty == penalty)
    }

    @Test func a10ASuspendedOneIsLeftOutOfTheNextRoundOnlyIfItsPenaltyReachesThatFar() {
        // Sixteen trusted ones: penalty 2, which holds in the second round (count 2) and no longer in the third.
        var pool = ReferenceSessionPool(members: Array(0..<16), areTrusted: true, settings: .init())
        let refreshes = [pool.beginRefresh(), pool.beginRefresh()]
        #expect(refreshes == [true, false])
        pool.endRefresh(Array(0..<8), at: Moment(nanoseconds: 0))
        pool.drop(3, suspending: true)
        #expect(pool.penalty(of: 3) == 2)
        _ = pool.beginRefresh()
        #expect(pool.penalty(of: 3) == 2)
        pool.endRefresh([], at: Moment(nanoseconds: 0))
        _ = pool.beginRefresh()
        #expect(pool.penalty(of: 3) == 0)
    }
}
