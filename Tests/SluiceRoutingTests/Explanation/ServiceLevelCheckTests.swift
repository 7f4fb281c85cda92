import SluiceTypes
import Testing

@testable import SluiceRouting

@Suite struct ServiceLevelCheckTests {
    private static let prices: [String: Int64] = ["cheap": 10, "dear": 1000, "free": 0]

    private func priced(_ names: [String], change: (inout OrchestratorEntry) -> Void = { _ in }) -> Story {
        Story(names) { entry in
            entry.price = Price(pricePerUnit: Self.prices[entry.id.rawValue] ?? 0, pixelsPerUnit: 1)
            change(&entry)
        }
    }

    private func facts(_ story: Story) -> SegmentFacts { Story.facts(0, at: story.now) }

    @Test func whatNobodyIsKnownToMissCanBeKept() {
        let story = priced(["cheap", "dear"])
        var level = ServiceLevel(latency: .seconds(0.1), maxPrice: 10)
        #expect(story.router.check(level, for: facts(story)).isMet)
        // Prices of nothing are below every ceiling, an absurd ceiling is above every price.
        level.maxPrice = 1e300
        #expect(story.router.check(level, for: facts(story)).isMet)
        let free = priced(["free"])
        #expect(free.router.check(ServiceLevel(maxPrice: 0), for: facts(free)).isMet)
    }

    @Test func aPriceNobodyTakesNamesTheLowestThatSomebodyDoes() throws {
        let story = priced(["cheap", "dear"])
        let check = story.router.check(ServiceLevel(maxPrice: 5), for: facts(story))
        #expect(!check.isMet && check.listed == 2 && check.failing == [.price: 2])
        let nearest = try #require(check.nearest)
        #expect(nearest.orchestrator.rawValue == "cheap" && nearest.level.maxPrice == 10 && nearest.changed == [.price])
        #expect(story.router.check(nearest.level, for: facts(story)).isMet)
        #expect(
            check.description
                == "none of 2 orchestrators keeps it: 2 more expensive than 5 wei per pixel; "
                + "the nearest that can be kept: maxPricePerPixelWei 10 (cheap)")
    }

    @Test func aLatencyNobodyKeepsNamesTheOneThatSomebodyDoes() throws {
        var story = Story(["a"])
        for sequence in Int64(0)..<10 { _ = story.serve(sequence, in: 0.7) }
        let asked = ServiceLevel(latency: .share(0.2))
        let check = story.router.check(asked, for: facts(story))
        #expect(!check.isMet && check.failing == [.latency: 1])
        let nearest = try #require(check.nearest)
        #expect(nearest.changed == [.latency])
        let seconds = nearest.level.target(for: 2)
        #expect(seconds >= 0.68 && seconds < 0.8, "\(seconds)")
        #expect(story.router.check(nearest.level, for: facts(story)).isMet)
        let inSeconds = story.router.check(ServiceLevel(latency: .seconds(0.3)), for: facts(story))
        guard case .seconds? = inSeconds.nearest?.level.latency else {
            Issue.record("a time is answered with a time: \(inSeconds)")
            return
        }
    }

    /// One wish given up is nearer than two, however small.
    @Test func theNearestGivesUpTheFewestWishes() throws {
        let story = Story(["eu-dear", "us"]) { entry in
            entry.region = entry.id.rawValue == "us" ? "us" : "eu"
            entry.price = Price(pricePerUnit: entry.id.rawValue == "us" ? 101 : 100_000, pixelsPerUnit: 1)
            entry.gpu = GPU(vendor: "", model: "", gpuClass: entry.id.rawValue == "us" ? .consumer : .datacenterEncode)
        }
        let level = ServiceLevel(allowedClasses: [.datacenterEncode], region: "eu", maxPrice: 100)
        let check = story.router.check(level, for: facts(story))
        #expect(check.failing == [.price: 2, .region: 1, .gpuClass: 1])
        #expect(check.nearest?.orchestrator.rawValue == "eu-dear" && check.nearest?.changed == [.price])
        let unlimited = story.router.check(ServiceLevel(allowedClasses: [.workstation]), for: facts(story))
        #expect(unlimited.nearest?.level.allowedClasses?.contains(.workstation) == true && unlimited.nearest?.changed == [.gpuClass])
    }

    @Test func whoCannotBeReachedIsNoRemedy() {
        let story = Story(["a"]) { $0.isReachable = false }
        let check = story.router.check(ServiceLevel(maxPrice: 1), for: facts(story))
        #expect(!check.isMet && check.nearest == nil)
        #expect(check.description == "none of 1 orchestrators keeps it: 1 cannot be reached; no other level would help")
        let nobody = SegmentRouter(seed: 1).check(ServiceLevel(), for: nil)
        #expect(!nobody.isMet && nobody.description == "there is no orchestrator to keep it")
    }

    @Test func withoutASegmentOnlyWhatTheListTellsIsChecked() {
        var story = Story(["a"]) { $0.region = "eu" }
        for sequence in Int64(0)..<10 { _ = story.serve(sequence, in: 0.7) }
        #expect(story.router.check(ServiceLevel(latency: .share(0.05)), for: nil).isMet)
        #expect(!story.router.check(ServiceLevel(region: "us"), for: nil).isMet)
    }

    @Test func theEjectedAreCountedByClass() {
        var story = Story(["a", "b", "c"]) { entry in
            if entry.id.rawValue == "a" { entry.gpu = GPU(vendor: "", model: "", gpuClass: .consumer) }
        }
        let before = story.router.ejected(at: story.now)
        #expect(before == [.consumer: 0, nil: 0])
        guard let slot = story.router.slot(of: OrchestratorID("a")) else { return }
        for _ in 0..<2 { story.router.failed(slot, of: Story.stream, SegmentFailure(.unreachable, "gone"), sent: story.now, at: story.now) }
        #expect(story.router.ejected(at: story.now) == [.consumer: 1, nil: 0])
        #expect(story.router.ejected(at: story.now.advanced(bySeconds: 3600)) == [.consumer: 0, nil: 0])
    }
}
