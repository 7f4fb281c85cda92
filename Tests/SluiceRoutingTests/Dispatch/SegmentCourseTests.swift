import SluiceTypes
import Testing

@testable import SluiceRouting

@Suite struct SegmentCourseTests {
    private let down = SegmentFailure(.unreachable, "connection refused")

    @Test func oneAnswerIsTheWholeStory() {
        var story = Story(["a", "b"])
        _ = story.cut(0)
        story.pass(0.2)
        story.answer()
        #expect(story.ended == .some(.none))
        #expect(story.courses[0]?.isOver == true)
        #expect(story.courses[0]?.decision.finish.map { abs($0 - 0.2) < 1e-6 } == true)
        #expect(story.courses[0]?.decision.isMissed == false)
    }

    @Test func whatFailsIsSentElsewhereAtOnceAndOnlyForWhatIsMissing() {
        var story = Story(["a", "b"])
        let first = story.cut(0)
        story.happen(.accepted)
        story.happen(.rendition(place: 0))
        story.happen(.failed(down))
        #expect(story.sent.map(\.role) == [.retry])
        #expect(story.sent.first?.places == [1])
        #expect(story.sent.first?.to != first)
        story.happen(.rendition(place: 1), 1)
        #expect(story.ended == .some(.none))
    }

    @Test func whomTheCallerDoesNotWantIsNotBlamedAndTheNextIsAsked() {
        var story = Story(["a", "b"])
        let first = story.cut(0)
        story.decline()
        #expect(story.sent.count == 1 && story.sent.first?.to != first)
        #expect(story.courses[0]?.decision.attempts.first?.result == .aborted)
        #expect(story.router.health(at: story.now).values.allSatisfy { $0 == .healthy })
        // Nobody is left: nobody is asked again.
        story.decline(1)
        #expect(story.sent.isEmpty && story.courses[0]?.isOver == true)
    }

    @Test func aStuckUploadIsHedgedAndTheLoserIsStoppedAndBooked() {
        var story = Story(["a", "b"])
        for sequence in 0..<6 { _ = story.serve(Int64(sequence)) }
        let primary = story.cut(6)
        story.pass(0.1)
        #expect(story.sent.isEmpty)
        story.pass(0.5)
        #expect(story.sent.map(\.role) == [.hedge])
        #expect(story.sent.first?.to != primary)
        let hedge = story.sent.first?.to
        story.pass(0.2)
        story.answer(1, of: 6)
        #expect(story.aborted == [0])
        #expect(story.courses[6]?.decision.attempts.map(\.result) == [.aborted, .won])
        let seen1 = story.cut(7)
        #expect(seen1 == hedge)
    }

    @Test func oneStragglerIsWaitedForUntilTheDeadline() {
        var story = Story(["a", "b"])
        for sequence in 0..<6 { _ = story.serve(Int64(sequence)) }
        let home = story.router.streams[Story.stream]?.primary ?? 0
        _ = story.cut(6)
        story.happen(.accepted, of: 6)
        story.pass(0.1)
        // Another stream's segment comes home from there.
        story.router.records[home].lastSuccess = story.now
        story.pass(2.85)
        #expect(story.sent.isEmpty)
        story.pass(0.1)
        #expect(story.sent.map(\.role) == [.hedge])
    }

    /// Of segment 6: at the last moment that helps, and not before.
    private func expectHedgeInTime(_ story: inout Story) {
        let due = story.courses[6]?.decision.attempts[0].hedgeAt.seconds(since: story.now) ?? 0
        #expect(due > 1.5 && due < 2.8)
        story.pass(due - 0.01)
        #expect(story.sent.isEmpty)
        story.pass(0.02)
        #expect(story.sent.map(\.role) == [.hedge])
    }

    @Test func whoIsLateWithNobodyComingHomeIsHedgedInTime() {
        var story = Story(["a", "b"])
        for sequence in 0..<6 { _ = story.serve(Int64(sequence)) }
        _ = story.cut(6)
        story.happen(.accepted, of: 6)
        expectHedgeInTime(&story)
    }

    @Test func whereStragglersAreTooLateTheyAreHedgedInTime() {
        var story = Story(["a", "b"])
        for sequence in 0..<6 { _ = story.serve(Int64(sequence)) }
        let home = story.router.streams[Story.stream]?.primary ?? 0
        for _ in 0..<3 { story.router.records[home].stragglers.remember(isInTime: false, at: story.now) }
        _ = story.cut(6)
        story.happen(.accepted, of: 6)
        story.pass(0.01)
        story.router.records[home].lastSuccess = story.now
        expectHedgeInTime(&story)
    }

    @Test func whoStandsStillIsLeftAtOnceByAll() {
        var story = Story(["a", "b"])
        for sequence in 0..<6 { _ = story.serve(Int64(sequence)) }
        let other = Story.named("two")
        let home = story.router.streams[Story.stream]?.primary ?? 0
        story.router.open(other)
        if let place = story.router.streams.place(of: other) { story.router.streams.routes[place].primary = home }
        story.router.records[home].streams += 1
        for (sequence, stream) in [(6, Story.stream), (7, other)] as [(Int64, StreamID)] {
            _ = story.cut(sequence, stream: stream)
            story.happen(.accepted, of: sequence)
        }
        story.pass(1.2)
        #expect(story.sent.map(\.role) == [.hedge, .hedge])
    }

    @Test func aHedgeThatLosesIsStoppedAndNothingMoves() {
        var story = Story(["a", "b"])
        for sequence in 0..<6 { _ = story.serve(Int64(sequence)) }
        let primary = story.cut(6)
        story.pass(1.2)
        #expect(story.sent.map(\.role) == [.hedge])
        story.answer(0, of: 6)
        #expect(story.aborted == [1])
        let seen2 = story.cut(7)
        #expect(seen2 == primary)
    }

    @Test func hedgesNeedTokensRetriesDoNot() {
        var settings = Story.plain
        settings.hedgeBurst = 0
        settings.hedgeBurstPerStream = 0
        settings.serviceLevel.hedgeBudget = 0
        var story = Story(["a", "b"], settings: settings)
        _ = story.cut(0)
        story.pass(3)
        #expect(story.sent.isEmpty)
        story.happen(.failed(down))
        #expect(story.sent.map(\.role) == [.retry])
    }

    @Test func unusableMediaEndsItAndBlamesNobody() {
        var story = Story(["a", "b"])
        _ = story.cut(0)
        let failure = SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo")
        story.happen(.failed(failure))
        #expect(story.ended == .some(.some(failure)))
        #expect(story.router.picture(at: story.now).allSatisfy { $0.state == .healthy && $0.faultsInRow == 0 })
    }

    @Test func aRefusedSessionIsOpenedAnewWithTheSameOne() {
        var story = Story(["a", "b"])
        let first = story.cut(0)
        story.happen(.failed(SegmentFailure(.sessionRefused, "expired")))
        #expect(story.sent.map(\.to) == [first])
        story.happen(.failed(SegmentFailure(.sessionRefused, "expired")), 1)
        #expect(story.sent.first?.to != first)
    }

    @Test func theOnlyOneMayComeBackAfterPauses() {
        var story = Story(["a"])
        _ = story.cut(0)
        for attempt in 0..<3 {
            story.happen(.failed(down), attempt)
            #expect(story.ended == .none)
            story.pass(0.2 * Double(1 << attempt) + 0.01)
            #expect(story.sent.map(\.to) == ["a"])
        }
        story.answer(3)
        #expect(story.ended == .some(.none))
    }

    @Test func itIsGivenUpInTimeAndEverythingIsStopped() {
        var story = Story(["a"])
        _ = story.cut(0)
        story.pass(7.9)
        #expect(story.ended == .none)
        story.pass(0.2)
        #expect((story.ended ?? nil)?.reason == .timedOut)
        #expect(story.aborted == [0])
        #expect(story.courses[0]?.isOver == true)
    }

    @Test func nobodyAtAllIsToldWhenTimeIsOver() {
        var story = Story([])
        let seen3 = story.cut(0)
        #expect(seen3 == nil)
        story.pass(8.1)
        #expect((story.ended ?? nil)?.reason == .unreachable)
    }

    @Test func aCanaryServesNobodyAndOutlivesTheEnd() {
        var settings = RoutingSettings()
        settings.canaryShare = 0.02
        var story = Story(["a", "b"], settings: settings)
        _ = story.cut(0)
        #expect(story.sent.map(\.role) == [.primary, .canary])
        for place in 0...1 { story.happen(.rendition(place: place), 1) }
        #expect(story.ended == .none)
        story.answer(0)
        #expect(story.ended == .some(.none))
        #expect(story.courses[0]?.isOver == false)
        story.happen(.finished, 1)
        #expect(story.courses[0]?.isOver == true)
    }

    @Test func aClockThatJumpsDoesNoHarm() {
        var story = Story(["a", "b"])
        _ = story.cut(0)
        story.pass(-3600)
        story.answer()
        #expect(story.ended == .some(.none))
        let seen4 = story.cut(1)
        #expect(seen4 != nil)
        story.pass(100_000)
        #expect((story.ended ?? nil)?.reason == .timedOut)
    }

    @Test(arguments: 0..<200) func everythingIsBookedOutWhateverHappens(seed: Int) {
        var chance = SeededGenerator(seed: UInt64(seed))
        var story = Story(["a", "b", "c"], settings: RoutingSettings(), seed: UInt64(seed))
        let reasons = SegmentFailure.Reason.allCases.filter { $0 != .cancelled }
        for sequence in 0..<20 as Range<Int64> {
            _ = story.cut(sequence)
            var ends = 0
            func count() { if story.ended != nil { ends += 1 } }
            for _ in 0..<12 {
                count()
                let attempts = story.courses[sequence]?.decision.attempts.count ?? 0
                let attempt = chance.index(below: max(1, attempts))
                switch chance.index(below: 5) {
                case 0: story.happen(.failed(SegmentFailure(reasons[chance.index(below: reasons.count)], "x")), attempt, of: sequence)
                case 1: story.happen(.rendition(place: chance.index(below: 2)), attempt, of: sequence)
                case 2: story.happen(.finished, attempt, of: sequence)
                default: story.pass(chance.unit())
                }
            }
            count()
            story.pass(10)
            count()
            #expect(ends == 1)
            #expect(story.courses[sequence]?.isOver == true)
        }
        story.router.close(Story.stream)
        for one in story.router.picture(at: story.now) {
            #expect(one.inFlight == 0 && one.late == 0 && one.streams == 0)
        }
    }
}
