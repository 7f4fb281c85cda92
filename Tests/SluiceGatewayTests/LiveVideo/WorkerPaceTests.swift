import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite struct WorkerPaceTests {
    private let start = ContinuousClock.now
    private let most = Duration.milliseconds(1500)
    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private func steady(every step: Int, count: Int) -> WorkerPace {
        var pace = WorkerPace()
        for index in 0..<count {
            pace.input(at: at(index * step))
            pace.picture(lag: .zero, at: at(index * step + step))
        }
        return pace
    }

    @Test func beforeEnoughIsKnownTheBoundHolds() {
        #expect(steady(every: 40, count: 10).threshold(most: most) == most)
        // A burst tells nothing.
        #expect(steady(every: 2, count: 100).threshold(most: most) == most)
    }

    @Test func aSteadyWorkerIsMissedSoon() {
        var pace = steady(every: 40, count: 100)
        #expect(pace.threshold(most: most) == .milliseconds(300))
        #expect(pace.silence(at: at(4000)) == nil)
        pace.input(at: at(4010))
        #expect(pace.silence(at: at(4400)) == .milliseconds(390))
    }

    @Test func oneThatPausesUsuallyIsGivenTime() {
        var pace = steady(every: 40, count: 100)
        pace.input(at: at(4000))
        pace.picture(lag: .zero, at: at(4500))
        #expect(pace.threshold(most: most) > .milliseconds(1000))
        // Which is forgotten.
        for index in 0..<1500 {
            pace.input(at: at(4500 + index * 40))
            pace.picture(lag: .zero, at: at(4540 + index * 40))
        }
        #expect(pace.threshold(most: most) == .milliseconds(300))
    }

    /// Whole segments by HTTP: nothing is odd between them.
    @Test func whatHasNothingToDoIsNotSilent() {
        var pace = WorkerPace()
        pace.input(at: at(0))
        pace.picture(lag: .zero, at: at(100))
        #expect(pace.silence(at: at(1900)) == nil)
        pace.input(at: at(2000))
        #expect(pace.silence(at: at(2050)) == .milliseconds(50))
    }

    @Test func oneThatFallsBehindIsSlowWhenItStaysThere() {
        var pace = steady(every: 40, count: 100)
        pace.picture(lag: MediaTime(milliseconds: 1200), at: at(4040))
        #expect(!pace.isSlow(at: at(4080)))
        pace.picture(lag: MediaTime(milliseconds: 1400), at: at(5000))
        #expect(pace.isSlow(at: at(5050)))
        pace.picture(lag: MediaTime(milliseconds: 100), at: at(5100))
        #expect(!pace.isSlow(at: at(9000)))
    }
}
