import SluiceTypes
import Testing

@testable import SluiceRouting

/// Who gets a segment that is being cut when whoever has it fails or stands still.
@Suite struct StreamTakeoverTests {
    private func settled(_ names: [String] = ["a", "b", "c"], take: Set<String> = ["a", "b", "c"]) -> (
        story: Story, primary: OrchestratorID
    ) {
        var story = Story(names) { $0.takesStreamedSegments = take.contains($0.id.rawValue) }
        let primary = story.serve(0) ?? ""
        return (story, OrchestratorID(primary))
    }

    private func takeover(_ story: inout Story, from primary: OrchestratorID, isLost: Bool = true) -> OrchestratorID? {
        story.router.takeover(of: Story.facts(1, at: story.now), from: primary, isLost: isLost, at: story.now)
    }

    @Test func anotherOneAndTheFirstToBeAskedAfterTheCut() throws {
        var (story, primary) = settled()
        let other = try #require(takeover(&story, from: primary))
        #expect(other != primary)
        #expect(story.cut(1) == primary.rawValue)
        story.happen(.failed(SegmentFailure(.unreachable, "gone")), of: 1)
        #expect(story.sent.map(\.to) == [other.rawValue])
        // For that segment only: the next one is chosen as ever.
        story.answer(1, of: 1)
        #expect(story.router.streams[Story.stream]?.early?.sequence == SegmentSequence(1))
        #expect(story.router.expected(for: Story.stream, at: story.now) == other)
    }

    /// The next segment begins at the very moment at which the first one's failure is found out.
    @Test func theNextSegmentIsKeptForWhoeverTookOver() throws {
        var (story, primary) = settled()
        #expect(story.router.mayGoEarly(Story.stream, at: story.now))
        _ = takeover(&story, from: primary)
        _ = story.cut(1)
        story.happen(.failed(SegmentFailure(.unreachable, "gone")), of: 1)
        #expect(story.router.expected(for: Story.stream, at: story.now) == nil)
        #expect(story.router.mayGoEarly(Story.stream, at: story.now))
    }

    @Test func nobodyWhereNobodyElseTakesThem() {
        var (story, primary) = settled(["a"])
        #expect(takeover(&story, from: primary) == nil)
        var (other, own) = settled(["a", "b"], take: [])
        #expect(takeover(&other, from: own) == nil)
        (story, primary) = settled()
        #expect(
            story.router.takeover(of: Story.facts(1, at: story.now), from: OrchestratorID("unknown"), isLost: true, at: story.now) == nil)
    }

    @Test func oneThatStandsStillCostsAHedge() {
        var (story, primary) = settled()
        var count = 0
        while takeover(&story, from: primary, isLost: false) != nil, count < 1000 { count += 1 }
        // The budget ends it, and what is lost may still run it into debt.
        #expect(count > 0 && count < 1000)
        #expect(takeover(&story, from: primary, isLost: true) != nil)
    }

    @Test func whoeverForbidsHedgesGetsNone() {
        var (story, primary) = settled()
        var level = story.router.settings.serviceLevel
        level.hedgeBudget = 0
        _ = story.router.setServiceLevel(level, of: Story.stream)
        #expect(takeover(&story, from: primary, isLost: false) == nil)
        #expect(takeover(&story, from: primary, isLost: true) != nil)
    }
}
