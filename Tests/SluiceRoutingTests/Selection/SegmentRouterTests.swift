import SluiceTypes
import Testing

@testable import SluiceRouting

@Suite struct SegmentRouterTests {
    private func priced(_ prices: [String: Int64]) -> (inout OrchestratorEntry) -> Void {
        { $0.price = Price(pricePerUnit: prices[$0.id.rawValue] ?? 0, pixelsPerUnit: 1) }
    }

    @Test func aStreamStaysWhereItIsServed() {
        var story = Story(["a", "b", "c"])
        let chosen = (0..<30).map { story.serve(Int64($0)) }
        #expect(Set(chosen).count == 1)
        #expect(Set(story.router.decisions(of: Story.stream).dropFirst().map(\.reason)) == [.stay])
    }

    @Test func theServiceLevelBarsAndTheNextSegmentObeys() {
        var story = Story(["a", "b"], change: priced(["a": 100, "b": 2000]))
        var settings = ServiceLevel()
        _ = story.serve(0)
        settings.maxPrice = 50
        let seen5 = story.router.setServiceLevel(settings, of: Story.stream)
        #expect(seen5)
        let seen1 = story.cut(1)
        #expect(seen1 == nil)
        let decision = story.courses[1]?.decision
        #expect(decision?.reason == .nobody)
        #expect(Set(decision?.leftOut.map(\.reason) ?? []) == [.tooExpensive(weiPerPixel: 100), .tooExpensive(weiPerPixel: 2000)])
    }

    @Test func regionClassAndCapabilitiesBar() {
        var story = Story(["far", "weak", "old", "right"]) { entry in
            entry.region = entry.id.rawValue == "far" ? "us" : "eu"
            entry.gpu = GPU(vendor: "", model: "", gpuClass: entry.id.rawValue == "weak" ? .cpu : .datacenterEncode)
            if entry.id.rawValue == "old" { entry.capabilities = CapabilitySet() }
        }
        var level = ServiceLevel()
        level.region = "eu"
        level.allowedClasses = [.datacenterEncode]
        story.router.open(Story.stream, level)
        let seen2 = story.cut(0)
        #expect(seen2 == "right")
        let reasons = story.courses[0]?.decision.leftOut.map(\.reason) ?? []
        #expect(Set(reasons) == [.region("us"), .gpuClass(.cpu), .lacks(capabilities: [Capability.h264.rawValue])])
    }

    @Test func aCheaperOneIsTakenOnlyWhenItStaysSo() {
        var story = Story(["a", "b"], change: priced(["a": 100, "b": 100]))
        for sequence in 0..<10 { _ = story.serve(Int64(sequence)) }
        let own = story.router.decisions(of: Story.stream).last?.choice?.rawValue
        let other = own == "a" ? "b" : "a"
        // The other is known to be as fast, from another stream.
        for _ in 0..<8 {
            let work = WorkClass(codec: .h264, outputPixelRate: 10_000_000)
            if let slot = story.router.slot(of: OrchestratorID(other)) {
                let times = PhaseTimes(work: 0.1, total: 0.2)
                story.router.succeeded(slot, of: Story.named("two"), work, times, duration: 2, isCold: false, at: story.now)
            }
        }
        story.router.update(price: Price(pricePerUnit: 10, pixelsPerUnit: 1), of: OrchestratorID(other))
        var chosen: [String?] = []
        for sequence in 10..<24 { chosen.append(story.serve(Int64(sequence))) }
        let stays = chosen.prefix { $0 == own }.count
        #expect(stays >= ServiceLevel().continuity.segments - 1 && stays < chosen.count)
        #expect(chosen.dropFirst(stays).allSatisfy { $0 == other })
    }

    @Test func theLastOneIsNeverEjectedNorMoreThanHalf() {
        var story = Story(["a", "b", "c", "d"])
        for name in ["a", "b", "c", "d"] {
            guard let slot = story.router.slot(of: OrchestratorID(name)) else { continue }
            for _ in 0..<3 {
                story.router.failed(slot, of: Story.stream, SegmentFailure(.unreachable, "down"), sent: story.now, at: story.now)
            }
        }
        #expect(story.router.picture(at: story.now).count { $0.state == .ejected } == 2)
        let seen3 = story.cut(0)
        #expect(seen3 != nil)
    }

    @Test func whenAllAreLateNobodyIsBlamed() {
        var story = Story(["a", "b", "c"])
        for name in ["a", "b", "c"] {
            guard let slot = story.router.slot(of: OrchestratorID(name)) else { continue }
            _ = story.router.began(slot, of: Story.stream, at: story.now)
            story.router.late(slot, at: story.now)
        }
        #expect(story.router.sharedCause.holds(at: story.now))
        story.router.failed(0, of: Story.stream, SegmentFailure(.timedOut, "late"), sent: story.now, at: story.now)
        #expect(story.router.picture(at: story.now).allSatisfy { $0.faultsInRow == 0 })
    }

    @Test func aFullOneIsFullForNewStreamsOnly() {
        var story = Story(["a", "b"])
        let home = story.serve(0)
        let other = Story.named("two")
        story.router.open(other)
        if let slot = story.router.slot(of: OrchestratorID(home ?? "")) {
            _ = story.router.began(slot, of: other, at: story.now)
            story.router.ended(slot, of: other, wasLate: false, at: story.now)
            story.router.failed(slot, of: other, SegmentFailure(.busy, "OrchestratorCapped"), sent: story.now, at: story.now)
        }
        #expect(story.router.picture(at: story.now).first { $0.entry.id.rawValue == home }?.streamLimit == 1)
        #expect(story.router.picture(at: story.now).allSatisfy { $0.state == .healthy })
        let away = story.cut(1, stream: other)
        #expect(away != home)
        let stays = story.cut(2)
        #expect(stays == home)
    }

    @Test func aBusyOneIsLeftByAllForAMomentAndBlamedByNobody() {
        var story = Story(["a", "b"])
        let home = story.serve(0)
        _ = story.cut(1)
        story.happen(.failed(SegmentFailure(.busy, "OrchestratorBusy")), of: 1)
        #expect(story.sent.first?.to != home)
        let away = story.cut(2, stream: Story.named("two"))
        #expect(away != home)
        #expect(story.router.picture(at: story.now).allSatisfy { $0.state == .healthy && $0.streamLimit == nil })
    }

    @Test func theQuestionWhyMayComeAfterTheEnd() {
        var story = Story(["a"])
        _ = story.serve(0)
        story.router.close(Story.stream)
        #expect(story.router.decisions(of: Story.stream).map(\.sequence.rawValue) == [0])
    }

    @Test func manyGatewaysDoNotCrowdAtOne() {
        var load: [String: Int] = [:]
        for seed in 0..<200 as Range<UInt64> {
            var story = Story((0..<20).map { "o\($0)" }, seed: seed)
            if let chosen = story.cut(0) { load[chosen, default: 0] += 1 }
        }
        #expect(load.count == 20)
        #expect(load.values.max() ?? 0 <= 20)
    }

    @Test func oneSeedIsOneStory() {
        func run() -> [String?] {
            var story = Story((0..<12).map { "o\($0)" }, settings: RoutingSettings(), seed: 7)
            return (0..<40).map { story.serve(Int64($0), in: Double($0 % 5) * 0.3 + 0.1) }
        }
        #expect(run() == run())
    }

    @Test func ofManyOnlyAHandfulIsLookedAt() {
        var story = Story((0..<10_000).map { "o\($0)" })
        let seen4 = story.cut(0)
        #expect(seen4 != nil)
        let decision = story.courses[0]?.decision
        #expect(decision?.candidates == 10_000)
        #expect(decision?.considered.count ?? .max <= RoutingSettings().sample * 3)
    }
}
