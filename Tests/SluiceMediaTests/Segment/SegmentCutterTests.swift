import SluiceMedia
import SluiceTypes
import Testing

@Suite struct SegmentCutterTests {
    /// A packet at a time in milliseconds.
    private struct Step {
        var track: Track
        var time: Int64
        var isKey: Bool
        static func key(_ time: Int64) -> Step { Step(track: .video, time: time, isKey: true) }
        static func inter(_ time: Int64) -> Step { Step(track: .video, time: time, isKey: false) }
        static func audio(_ time: Int64) -> Step { Step(track: .audio, time: time, isKey: true) }
    }

    /// Decisions other than `append`, by the packet's place.
    private func cuts(_ steps: [Step], target: Duration = .seconds(2), hasVideo: Bool = true) -> [Int: SegmentCutter.Decision] {
        var cutter = SegmentCutter(target: target, hasVideo: hasVideo)
        var found: [Int: SegmentCutter.Decision] = [:]
        for (index, step) in steps.enumerated() {
            let time = MediaTime(milliseconds: step.time)
            let decision = cutter.decide(track: step.track, pts: time, dts: time, isKey: step.isKey)
            if decision != .append { found[index] = decision }
        }
        return found
    }

    @Test func cutsAtTheFirstKeyFrameFromTheTargetOn() {
        #expect(cuts([.key(0), .key(1000), .inter(1990), .audio(2100), .key(2500), .key(4000), .key(4500)]) == [4: .cut, 6: .cut])
    }

    @Test func takesAGroupThatIsAFrameShort() {
        #expect(cuts([.key(0), .key(1968), .key(3936)]) == [1: .cut, 2: .cut])
    }

    @Test func audioBeforeVideoBelongsToTheFirstSegment() {
        #expect(cuts([.audio(0), .audio(900), .key(1000), .key(2500), .key(3000)]) == [4: .cut])
    }

    @Test func audioAloneIsCutAtTheTarget() {
        #expect(cuts([.audio(0), .audio(1990), .audio(2010), .audio(4020)], hasVideo: false) == [2: .cut, 3: .cut])
    }

    @Test func noKeyFrameForcesACutAtFourTargets() {
        #expect(cuts([.key(0), .inter(4000), .inter(7999), .inter(8000), .inter(9000)]) == [3: .cutForced])
    }

    @Test func silentVideoForcesACutOnAudio() {
        #expect(cuts([.key(0), .audio(0), .audio(4000), .audio(8010), .audio(9000)]) == [3: .cutForced])
    }

    @Test func aJumpForwardWaitsForTheKeyFrame() {
        #expect(cuts([.key(0), .inter(500), .inter(20_000), .audio(20_000), .key(20_500)]) == [4: .cutDiscontinuity])
    }

    @Test func aJumpBackOnAKeyFrameCutsAtOnceAndOnce() {
        let steps: [Step] = [.key(50_000), .audio(50_000), .key(0), .audio(50_020), .audio(10), .key(1000), .key(2000)]
        #expect(cuts(steps) == [2: .cutDiscontinuity, 6: .cut])
    }

    @Test func theOtherTrackMayJumpFirst() {
        let steps: [Step] = [.key(50_000), .audio(50_000), .audio(0), .inter(50_033), .key(20), .audio(40), .key(2020)]
        #expect(cuts(steps) == [4: .cutDiscontinuity, 6: .cut])
    }

    @Test func anotherCodingWaitsForTheKeyFrame() {
        var cutter = SegmentCutter(target: .seconds(2), hasVideo: true)
        func decide(_ step: Step) -> SegmentCutter.Decision {
            let time = MediaTime(milliseconds: step.time)
            return cutter.decide(track: step.track, pts: time, dts: time, isKey: step.isKey)
        }
        #expect([.key(0), .audio(10)].map(decide) == [.append, .append])
        cutter.expectDiscontinuity()
        #expect([.audio(20), .inter(33), .key(66), .key(1000)].map(decide) == [.append, .append, .cutDiscontinuity, .append])
        // Without one it waits as long as for any cut.
        cutter.expectDiscontinuity()
        #expect([.inter(8000), .inter(8066)].map(decide) == [.append, .cutDiscontinuity])
    }

    @Test func smallStepsBackAreNoJump() {
        #expect(cuts([.key(0), .inter(900), .inter(100), .key(2000)]) == [3: .cut])
    }

    @Test func theWireCounterTurningOverIsNoJumpOnAnUnwrappedTimeline() {
        let turn = (Int64(1) << 33) / 90
        #expect(cuts([.key(turn - 1000), .inter(turn), .key(turn + 1000), .key(turn + 3000)]) == [2: .cut, 3: .cut])
    }

    @Test func targetsAreClamped() {
        #expect(cuts([.key(0), .key(100), .key(500)], target: .zero) == [2: .cut])
    }
}
