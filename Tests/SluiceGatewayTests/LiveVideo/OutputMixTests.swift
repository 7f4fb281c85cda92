import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite struct OutputMixTests {
    private let start = ContinuousClock.now
    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }
    private func pts(_ milliseconds: Int64) -> MediaTime { MediaTime(milliseconds: milliseconds) }

    /// On air with its pictures up to one second.
    private func onAir() -> OutputMix {
        var mix = OutputMix()
        #expect(mix.picture(of: 1, at: pts(0), from: pts(0), now: at(0)) == .takeOver)
        #expect(mix.picture(of: 1, at: pts(1000), from: pts(0), now: at(1000)) == .pass)
        return mix
    }

    @Test func theFirstThatCanBeDecodedIsOnAir() {
        var mix = OutputMix()
        #expect(mix.picture(of: 1, at: pts(0), from: nil, now: at(0)) == .keep)
        #expect(mix.picture(of: 1, at: pts(40), from: pts(40), now: at(40)) == .takeOver)
        #expect(mix.onAir == .worker(1))
    }

    @Test func aStandbyIsNotSeenUntilItIsArmedAndThenWithItsFirstNewPicture() {
        var mix = onAir()
        #expect(mix.picture(of: 2, at: pts(1040), from: pts(0), now: at(1000)) == .keep)
        mix.arm(2, isUrgent: false)
        #expect(mix.picture(of: 2, at: pts(960), from: pts(0), now: at(1000)) == .keep)
        #expect(mix.picture(of: 2, at: pts(1040), from: pts(0), now: at(1010)) == .takeOver)
        #expect(mix.picture(of: 1, at: pts(1040), from: pts(0), now: at(1020)) == .keep)
        #expect(mix.last == pts(1040))
    }

    /// It begins at a key frame far ahead: until the one on air is there nothing is missing.
    @Test func oneThatIsAheadWaitsForTheOneOnAir() {
        var mix = onAir()
        mix.arm(2, isUrgent: false)
        #expect(mix.picture(of: 2, at: pts(2000), from: pts(2000), now: at(1000)) == .keep)
        #expect(mix.picture(of: 1, at: pts(1960), from: pts(0), now: at(1900)) == .pass)
        #expect(mix.picture(of: 2, at: pts(2040), from: pts(2000), now: at(1900)) == .takeOver)
    }

    @Test func whereTheOneOnAirHasFailedNothingIsWaitedFor() {
        var mix = onAir()
        mix.arm(2, isUrgent: true)
        #expect(mix.picture(of: 2, at: pts(2000), from: pts(2000), now: at(1000)) == .takeOver)
    }

    /// A slower one would never come in front: the one on air is let go.
    @Test func oneThatStaysBehindGetsItsTurn() {
        var mix = onAir()
        mix.arm(2, isUrgent: false)
        #expect(mix.picture(of: 2, at: pts(900), from: pts(0), now: at(1000)) == .keep)
        #expect(mix.picture(of: 1, at: pts(1900), from: pts(0), now: at(1900)) == .pass)
        #expect(mix.picture(of: 2, at: pts(1850), from: pts(0), now: at(2000)) == .keep)
        #expect(mix.onAir == .nobody)
        #expect(mix.picture(of: 2, at: pts(1940), from: pts(0), now: at(2090)) == .takeOver)
    }

    @Test func theFilledTimeStopsForAWorkerThatIsBehindIt() {
        var mix = onAir()
        let isFilled = mix.fill()
        #expect(isFilled)
        mix.filled(to: pts(1500))
        #expect(mix.picture(of: 2, at: pts(1400), from: pts(1000), now: at(1500)) == .keep)
        #expect(!mix.isFillHalted)
        #expect(mix.picture(of: 2, at: pts(1450), from: pts(1000), now: at(2000)) == .keep)
        #expect(mix.isFillHalted)
        #expect(mix.picture(of: 2, at: pts(1540), from: pts(1000), now: at(2010)) == .takeOver)
        #expect(!mix.isFillHalted)
    }

    @Test func nothingIsFilledBeforeThereWasAPicture() {
        var mix = OutputMix()
        let isFilled = mix.fill()
        #expect(!isFilled)
    }
}
