import SluiceWire
import Testing

@testable import sluice

@Suite struct TallyTests {
    @Test func agesOfFirstAndLastFrames() {
        let tally = Tally()
        tally.begin()
        tally.add([.init(pts: 0, stamp: 1_000_000), .init(pts: 3000, stamp: 1_033_000)], arrival: 1_040_000_000)
        let figures = tally.figures
        #expect(figures.frames == 2 && figures.unstamped == 0)
        #expect(figures.firstAges.largest == 40_000 && figures.lastAges.largest == 7000)
    }

    @Test func countsNothingBeforeItBeganAndAfterItEnded() {
        let tally = Tally()
        tally.add([.init(pts: 0, stamp: 0)], arrival: 1)
        tally.begin()
        tally.countRequest(bytes: 10)
        tally.end()
        tally.add([.init(pts: 0, stamp: 0)], arrival: 1)
        tally.countRequest(bytes: 10)
        #expect(tally.figures.frames == 0 && tally.figures.requests == 1 && tally.figures.bytes == 10)
    }

    @Test func lostStampsAreFoundByTime() {
        let stamps = SourceStamps()
        // RTMP rounds to milliseconds, MPEG-TS wraps.
        stamps.add([.init(pts: 93_060, stamp: 500_000), .init(pts: (1 << 33) + 9000, stamp: 600_000)])
        let tally = Tally(stamps: stamps)
        tally.begin()
        tally.add([.init(pts: 93_000, stamp: nil)], arrival: 700_000_000)
        tally.add([.init(pts: 9000, stamp: nil)], arrival: 700_000_000)
        tally.add([.init(pts: 123_456, stamp: nil)], arrival: 700_000_000)
        #expect(tally.figures.frames == 3 && tally.figures.unstamped == 1)
        #expect(tally.figures.ages.count == 2 && tally.figures.ages.largest == 200_000)
    }

    @Test func oldStampsAreForgotten() {
        let stamps = SourceStamps()
        for frame in Int64(0)..<10_000 { stamps.add([.init(pts: frame * 3000, stamp: frame)]) }
        #expect(stamps.stamp(at: 0) == nil)
        #expect(stamps.stamp(at: 9_999 * 3000) == 9_999)
    }
}
