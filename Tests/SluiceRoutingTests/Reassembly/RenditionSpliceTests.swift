import SluiceTypes
import Testing

@testable import SluiceRouting

@Suite struct RenditionSpliceTests {
    /// Frames of 10 ticks; a key frame at each of `keys`. Encoders differ by the digest.
    private func picture(_ place: Int, keys: Set<Int> = [0], by encoder: Int = 0) -> RenditionSplice.Frame {
        .init(track: .video, dts: MediaTime(ticks: Int64(place) * 10), isKey: keys.contains(place), digest: encoder * 1000 + place)
    }

    private func sound(_ ticks: Int64) -> RenditionSplice.Frame {
        .init(track: .audio, dts: MediaTime(ticks: ticks), isKey: true, digest: 0)
    }

    /// - Returns: the places of the pictures that go on.
    private func passed(
        _ splice: inout RenditionSplice, _ places: Range<Int>, of attempt: Int, keys: Set<Int> = [0], by encoder: Int = 0
    ) -> [Int] {
        places.filter { place in
            if case .passes = splice.verdict(on: picture(place, keys: keys, by: encoder), of: attempt) { true } else { false }
        }
    }

    @Test func theFirstToDeliverLeads() {
        var splice = RenditionSplice(leads: .video)
        #expect(passed(&splice, 0..<3, of: 7) == [0, 1, 2])
        #expect(passed(&splice, 0..<9, of: 8, keys: Set(0..<9)) == [])
        #expect(passed(&splice, 3..<5, of: 7) == [3, 4])
        #expect(splice.lead == 7)
        #expect(splice.reached == MediaTime(ticks: 40))
    }

    @Test func anotherEncoderGoesOnWithItsNextKeyFrame() {
        var splice = RenditionSplice(leads: .video)
        _ = passed(&splice, 0..<5, of: 0)
        splice.lose(0)
        #expect(passed(&splice, 0..<12, of: 1, keys: [0, 4, 8], by: 1) == [8, 9, 10, 11])
        #expect(splice.takeovers == 1)
        // Whoever lost the lead has nothing more to say.
        #expect(passed(&splice, 5..<12, of: 0) == [])
    }

    @Test func aKeyFrameAtTheVeryPlaceLeavesNothingOut() {
        var splice = RenditionSplice(leads: .video)
        _ = passed(&splice, 0..<5, of: 0)
        splice.lose(0)
        _ = passed(&splice, 0..<5, of: 1, by: 1)
        #expect(splice.verdict(on: picture(5, keys: [5], by: 1), of: 1) == .passes(isGapless: true))
        #expect(splice.verdict(on: picture(6, by: 1), of: 1) == .passes(isGapless: true))
    }

    @Test func withoutAKeyFrameTheRestIsMissing() {
        var splice = RenditionSplice(leads: .video)
        _ = passed(&splice, 0..<5, of: 0)
        splice.lose(0)
        #expect(passed(&splice, 0..<60, of: 1, by: 1) == [])
        #expect(splice.lead == 0)
    }

    @Test func theSamePicturesGoOnAtTheNextOne() {
        var splice = RenditionSplice(leads: .video)
        _ = passed(&splice, 0..<5, of: 0)
        splice.lose(0)
        #expect(passed(&splice, 0..<9, of: 1) == [5, 6, 7, 8])
        #expect(splice.takeovers == 1)
    }

    @Test func aPictureThatDiffersMakesAllTheRestAnotherEncoders() {
        var splice = RenditionSplice(leads: .video)
        _ = passed(&splice, 0..<5, of: 0)
        splice.lose(0)
        _ = splice.verdict(on: picture(0, by: 1), of: 1)
        #expect(passed(&splice, 1..<9, of: 1) == [])
    }

    @Test func oneThatStandsStillMayGoOnUntilAnotherGoesBeforeIt() {
        var splice = RenditionSplice(leads: .video)
        _ = passed(&splice, 0..<3, of: 0)
        splice.stall(0)
        #expect(passed(&splice, 0..<2, of: 1, keys: [0, 4], by: 1) == [])
        #expect(passed(&splice, 3..<4, of: 0) == [3])
        #expect(passed(&splice, 2..<6, of: 1, keys: [0, 4], by: 1) == [4, 5])
        #expect(passed(&splice, 4..<9, of: 0) == [])
        #expect(splice.lead == 1)
    }

    @Test func soundGoesOnBehindTheLastThatWentOn() {
        var splice = RenditionSplice(leads: .video)
        _ = splice.verdict(on: picture(0), of: 0)
        #expect(splice.verdict(on: sound(5), of: 0) == .passes(isGapless: true))
        splice.lose(0)
        #expect(splice.verdict(on: sound(5), of: 1) == .isLeftOut)
        #expect(splice.verdict(on: sound(9), of: 1) == .waits)
        #expect(splice.verdict(on: picture(0, by: 1), of: 1) == .isLeftOut)
        #expect(splice.verdict(on: picture(1, keys: [1], by: 1), of: 1) == .passes(isGapless: true))
        #expect(splice.verdict(on: sound(9), of: 1) == .passes(isGapless: true))
        #expect(splice.verdict(on: sound(9), of: 1) == .isLeftOut)
    }

    @Test func whereThereAreNoPicturesSoundLeads() {
        var splice = RenditionSplice(leads: .audio)
        #expect(splice.verdict(on: sound(0), of: 0) == .passes(isGapless: true))
        #expect(splice.verdict(on: sound(5), of: 0) == .passes(isGapless: true))
        splice.lose(0)
        #expect(splice.verdict(on: sound(0), of: 1) == .isLeftOut)
        #expect(splice.verdict(on: sound(5), of: 1) == .isLeftOut)
        #expect(splice.verdict(on: sound(10), of: 1) == .passes(isGapless: true))
    }

    /// Whatever three attempts deliver, and whoever fails, no time goes on twice and none goes back.
    @Test func nothingGoesOnTwice() {
        for seed in 0..<300 {
            var state = UInt64(seed) &+ 0x9e37_79b9_7f4a_7c15
            func number(_ limit: Int) -> Int {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return Int(state % UInt64(limit))
            }
            var splice = RenditionSplice(leads: .video)
            var places = [0, 0, 0]
            var last = -1
            for _ in 0..<200 {
                let attempt = number(3)
                switch number(20) {
                case 0: splice.lose(attempt)
                case 1: splice.stall(attempt)
                default:
                    let frame = picture(places[attempt], keys: [0, 10, 20, 30 + attempt], by: attempt)
                    if case .passes = splice.verdict(on: frame, of: attempt) {
                        #expect(places[attempt] > last)
                        last = places[attempt]
                    }
                    places[attempt] += 1
                }
            }
        }
    }
}
