import SluiceTypes
import SluiceWire
import Testing

@Suite struct PartTargetTests {
    static let usual: [Double] = [24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60]

    /// How long a part of whole frames gets at most, as a share of the target.
    private func share(_ target: PartTarget, _ rate: Double) -> Double {
        let limit = target.limit.seconds
        return ((limit + 1e-9) * rate).rounded(.down) / rate / limit
    }

    @Test(arguments: [100, 150, 200, 333, 500, 1000]) func everyUsualFrameRateHasRoom(milliseconds: Int) {
        let target = PartTarget(aim: .milliseconds(milliseconds))
        #expect(target.limit >= MediaTime(milliseconds: Int64(milliseconds)))
        #expect(target.limit <= MediaTime(milliseconds: Int64(milliseconds) * 3 / 2))
        for rate in Self.usual { #expect(share(target, rate) >= 0.85, "\(rate) frames a second") }
    }

    @Test func theDefaultIsLittleOver200Milliseconds() {
        #expect(PartTarget(aim: .milliseconds(200)).limit == MediaTime(milliseconds: 209))
    }

    @Test(arguments: [7.5, 12, 14, 17, 23]) func anUnusualRateGetsATargetOfItsOwn(rate: Double) {
        let target = PartTarget(aim: .milliseconds(200), frame: MediaTime(seconds: 1 / rate))
        #expect(share(target, rate) >= 0.85)
    }

    @Test func framesLongerThanAnyPartArePartsEach() {
        let target = PartTarget(aim: .milliseconds(200), frame: MediaTime(milliseconds: 1000))
        #expect(target.limit >= MediaTime(milliseconds: 1000))
    }
}
