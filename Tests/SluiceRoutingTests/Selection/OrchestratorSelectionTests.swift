import SluiceRouting
import SluiceTypes
import Testing

@Suite struct OrchestratorSelectionTests {
    private let now = ContinuousClock.now
    private let work = CapabilitySet([.h264, .mpegTS, .authToken])

    private func entry(_ name: String, _ capabilities: CapabilitySet? = nil, price: Price? = nil) -> OrchestratorEntry {
        OrchestratorEntry(id: OrchestratorID(name), capabilities: capabilities ?? work, price: price)
    }

    @Test func theFasterOneComesFirst() {
        var selection = OrchestratorSelection()
        for (name, seconds) in [("slow", 1.0), ("fast", 0.2)] {
            selection.began(OrchestratorID(name))
            selection.finished(OrchestratorID(name), roundTrip: .seconds(seconds), media: .seconds(2))
        }
        let ranking = selection.rank([entry("slow"), entry("fast")], needing: work, at: now)
        #expect(ranking.candidates == [OrchestratorID("fast"), OrchestratorID("slow")])
    }

    @Test func whatIsLeftOutSaysWhy() {
        let selection = OrchestratorSelection(settings: .init(priceCeiling: 10))
        var dead = entry("dead")
        dead.isReachable = false
        let ranking = selection.rank(
            [
                dead, entry("poor", CapabilitySet([.h264])), entry("dear", price: Price(pricePerUnit: 11, pixelsPerUnit: 1)),
                entry("good", price: Price(pricePerUnit: 10, pixelsPerUnit: 1)),
            ], needing: work, at: now)
        #expect(ranking.candidates == [OrchestratorID("good")])
        #expect(ranking.leftOut[OrchestratorID("dead")] == .unreachable)
        #expect(ranking.leftOut[OrchestratorID("poor")] == .lacks(capabilities: [1, 12]))
        #expect(ranking.leftOut[OrchestratorID("dear")] == .tooExpensive(weiPerPixel: 11))
    }

    @Test func aFaultLeavesOutForATimeThatDoubles() {
        var selection = OrchestratorSelection()
        let bad = OrchestratorID("bad")
        let entries = [entry("bad"), entry("good")]
        selection.failed(bad, SegmentFailure(.unreachable, ""), at: now)
        #expect(selection.rank(entries, needing: work, at: now + .seconds(1)).candidates == [OrchestratorID("good")])
        #expect(selection.rank(entries, needing: work, at: now + .seconds(2)).candidates.contains(bad))
        selection.failed(bad, SegmentFailure(.unreachable, ""), at: now + .seconds(2))
        #expect(!selection.rank(entries, needing: work, at: now + .seconds(5)).candidates.contains(bad))
        #expect(selection.rank(entries, needing: work, at: now + .seconds(6)).candidates.contains(bad))
    }

    @Test func busyIsNoFaultAndWhenAllAreEjectedAllAreUsed() {
        var selection = OrchestratorSelection()
        selection.failed(OrchestratorID("a"), SegmentFailure(.busy, "OrchestratorBusy"), at: now)
        #expect(selection.rank([entry("a")], needing: work, at: now).candidates == [OrchestratorID("a")])
        selection.failed(OrchestratorID("a"), SegmentFailure(.timedOut, ""), at: now)
        let ranking = selection.rank([entry("a")], needing: work, at: now)
        #expect(ranking.candidates == [OrchestratorID("a")])
        #expect(ranking.leftOut.isEmpty)
    }

    @Test func workInFlightCountsAgainstIt() {
        var selection = OrchestratorSelection()
        selection.began(OrchestratorID("a"))
        let ranking = selection.rank([entry("a"), entry("b")], needing: work, at: now)
        #expect(ranking.candidates.first == OrchestratorID("b"))
    }
}
