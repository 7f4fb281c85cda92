import SluiceTypes
import Testing

@testable import SluiceRouting

@Suite struct StreamedPaceTests {
    private func at(_ seconds: Double) -> Moment { Moment(seconds: seconds) }

    /// Pictures of 1/30 s that come back after `delay`, up to the one that begins at `end`.
    private func running(until end: Double, delay: Double = 0.02, roundTrip: Double = 0.01) -> StreamedPace {
        var pace = StreamedPace(roundTrip: roundTrip)
        var time = 0.0
        while time < end {
            pace.fed(at: at(time))
            pace.answered(at: at(time + delay))
            time += 1.0 / 30
        }
        return pace
    }

    @Test func oneThatOwesNothingNeverStandsStill() {
        var pace = StreamedPace(roundTrip: 0)
        #expect(pace.stillAt == nil)
        pace.fed(at: at(1))
        #expect(pace.stillAt != nil)
        pace.answered(at: at(1.1))
        #expect(pace.stillAt == nil)
    }

    @Test func twoPicturesAndTheWayAreWaitedFor() throws {
        var pace = running(until: 1)
        pace.fed(at: at(2))
        // What follows makes it owe no more.
        pace.fed(at: at(2.05))
        let still = try #require(pace.stillAt)
        #expect(abs(still.seconds(since: at(2)) - (2.0 / 30 + 0.01 + 0.05)) < 0.001)
    }

    @Test func theFirstPictureMayTakeLonger() {
        let pace = StreamedPace(roundTrip: 0.02)
        #expect(abs(pace.limit - (0.25 + 2.0 / 30 + 0.02 + 0.05)) < 0.001)
    }

    @Test func slowPicturesAreWaitedForLonger() {
        var pace = StreamedPace(roundTrip: 0)
        for second in 0..<10 {
            pace.fed(at: at(Double(second)))
            pace.answered(at: at(Double(second) + 0.01))
        }
        #expect(abs(pace.limit - 2.05) < 0.001)
    }

    @Test func aBurstDoesNotMakeItImpatient() {
        var pace = StreamedPace(roundTrip: 0)
        for place in 0..<30 { pace.answered(at: at(1 + Double(place) * 0.001)) }
        #expect(abs(pace.limit - (2.0 / 30 + 0.05)) < 0.001)
    }

    @Test func fitsAndStartsAreBorneWith() {
        var pace = running(until: 1)
        pace.fed(at: at(1.1))
        pace.answered(at: at(1.3))
        #expect(abs(pace.limit - 0.4) < 0.001)
        pace.fed(at: at(2))
        pace.answered(at: at(9))
        #expect(abs(pace.limit - 1) < 0.001)
    }
}
