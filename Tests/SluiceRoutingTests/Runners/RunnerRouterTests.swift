import SluiceTypes
import Testing

@testable import SluiceRouting

@Suite struct RunnerRouterTests {
    private let now = Moment(seconds: 100)

    private func runner(_ name: String, price: Double? = nil, capacity: Int = 4, available: Int = 4, gpu: String = "") -> RemoteRunner {
        RemoteRunner(
            path: "/apps/\(name)", orchestrator: OrchestratorID("https://\(name):1"), app: "x", version: "1", mode: .singleShot,
            gpu: RunnerGPU(id: "", name: gpu, memoryMB: 1000), price: price.map { RunnerPrice(amount: $0, unit: .hour) },
            capacity: capacity,
            available: available)
    }

    /// A router that is asked again and again.
    private final class Held {
        var router = RunnerRouter(seed: 1)

        func ended(_ id: RemoteRunnerID, _ outcome: AppOutcome, at now: Moment) { router.ended(id, outcome, at: now) }

        func counts(_ wish: AppWish = AppWish(app: "x"), at now: Moment = Moment(seconds: 100)) -> [String: Int] {
            var counts: [String: Int] = [:]
            for _ in 0..<100 {
                if let path = try? router.choose(wish, avoiding: [], at: now).path { counts[path, default: 0] += 1 }
            }
            return counts
        }

        func choose(_ wish: AppWish, avoiding tried: Set<RemoteRunnerID>, at now: Moment) throws(AppLack) -> RemoteRunner {
            try router.choose(wish, avoiding: tried, at: now)
        }

        func lack(_ wish: AppWish = AppWish(app: "x"), at now: Moment = Moment(seconds: 100)) -> String? {
            do throws(AppLack) {
                _ = try router.choose(wish, avoiding: [], at: now)
                return nil
            } catch { return error.description }
        }
    }

    private func router(_ runners: [RemoteRunner]) -> Held {
        let held = Held()
        for runner in runners { held.router.update([runner], of: runner.orchestrator) }
        return held
    }

    @Test func theFasterOneIsChosen() {
        let (fast, slow) = (runner("fast"), runner("slow"))
        let router = router([fast, slow])
        for _ in 0..<20 {
            router.ended(fast.id, .answered(seconds: 0.1), at: now)
            router.ended(slow.id, .answered(seconds: 1), at: now)
        }
        #expect(router.counts() == ["/apps/fast": 100])
    }

    @Test func equalOnesShareAndTheCheaperOneWins() {
        let equal = router([runner("a"), runner("b")])
        #expect(equal.counts().values.allSatisfy { $0 > 20 })
        let priced = router([runner("cheap", price: 0.1), runner("dear", price: 10)])
        #expect(priced.counts() == ["/apps/cheap": 100])
    }

    @Test func whoFailsIsLeftOutAndComesBack() throws {
        let (good, bad) = (runner("good"), runner("bad"))
        let router = router([good, bad])
        for _ in 0..<2 { router.ended(bad.id, .unreachable, at: now) }
        #expect(router.counts() == ["/apps/good": 100])
        let only = try router.choose(AppWish(app: "x"), avoiding: [good.id], at: now)
        #expect(only.id == bad.id, "when there is no other it is asked")
    }

    @Test func aFullOneIsAskedAgainAMomentLater() throws {
        let one = runner("one")
        let router = router([one])
        router.router.began(one.id)
        router.ended(one.id, .full, at: now)
        #expect(router.lack() == "all 1 runners of 'x' are full")
        _ = try router.choose(AppWish(app: "x"), avoiding: [], at: now.advanced(bySeconds: 1))
    }

    @Test func nobodyIsGivenMoreThanItHasRoomFor() throws {
        let (small, large) = (runner("small", capacity: 1, available: 1), runner("large", capacity: 8, available: 8))
        let router = router([small, large])
        var given: [String: Int] = [:]
        for _ in 0..<9 {
            let chosen = try router.choose(AppWish(app: "x"), avoiding: [], at: now)
            router.router.began(chosen.id)
            given[chosen.path, default: 0] += 1
        }
        #expect(given == ["/apps/small": 1, "/apps/large": 8])
        #expect(router.lack() != nil)
    }

    @Test func wishesAreKeptAndLacksAreNamed() throws {
        let router = router([runner("a", price: 2, gpu: "NVIDIA L4"), runner("b", price: 1, gpu: "NVIDIA T4")])
        #expect(router.counts(AppWish(app: "x", gpu: "l4")) == ["/apps/a": 100])
        #expect(router.counts(AppWish(app: "x", mostPrice: 1)) == ["/apps/b": 100])
        #expect(router.counts(AppWish(app: "x", without: ["https://a:1"])) == ["/apps/b": 100])
        #expect(router.lack(AppWish(app: "y")) == "no runner serves 'y'")
        let words = "no runner of 'x' is what was asked for: of one of 2, its version is '1'"
        #expect(router.lack(AppWish(app: "x", version: "2")) == words)
    }

    @Test func whoIsNoLongerNamedIsGone() {
        let one = runner("one")
        let router = router([one])
        router.router.update([], of: one.orchestrator)
        #expect(router.router.runners.isEmpty && router.router.knows("x"))
        #expect(router.lack() != nil)
    }

    /// As for segments: who was looked at, who was left out and why.
    @Test func aChoiceIsExplained() throws {
        var router = RunnerRouter(seed: 1)
        let (fast, slow, full, old) = (runner("fast"), runner("slow"), runner("full", available: 0), runner("old"))
        var other = old
        other.version = "0"
        for one in [fast, slow, full, other] { router.update([one], of: one.orchestrator) }
        for _ in 0..<10 {
            for (one, seconds) in [(fast, 0.1), (slow, 1.0)] {
                router.began(one.id)
                router.ended(one.id, .answered(seconds: seconds), at: now)
            }
        }
        _ = try router.choose(AppWish(app: "x", version: "1"), avoiding: [], at: now)
        let best = try #require(router.decisions(of: "x").last)
        #expect(best.reason == .best && best.choice == fast.id && best.candidates == 4)
        #expect(best.considered.map(\.runner) == [fast.id, slow.id] && best.considered[0].score < best.considered[1].score)
        #expect(best.considered[0].samples > 5)
        let reasons = Dictionary(uniqueKeysWithValues: best.leftOut.map { ($0.runner, $0.reason) })
        #expect(reasons == [full.id: .full(limit: 4), other.id: .unfit("its version is '0'")])

        _ = try router.choose(AppWish(app: "x", version: "1"), avoiding: [fast.id], at: now)
        let second = try #require(router.decisions(of: "x").last)
        #expect(second.reason == .only && second.choice == slow.id)
        #expect(second.leftOut.contains { $0.runner == fast.id && $0.reason == .tried })

        #expect(lack(&router, AppWish(app: "x", version: "9")) != nil)
        let nobody = try #require(router.decisions(of: "x").last)
        #expect(nobody.reason == .nobody && nobody.choice == nil && nobody.leftOutCount == 4)
    }

    /// Names that clients make up leave nothing behind, and of each app the newest are kept.
    @Test func explanationsAreBounded() throws {
        var router = RunnerRouter(seed: 1)
        let one = runner("one")
        router.update([one], of: one.orchestrator)
        #expect(lack(&router, AppWish(app: "made-up")) != nil)
        #expect(router.decisions(of: "made-up").isEmpty)
        for place in 0..<100 { _ = try router.choose(AppWish(app: "x"), avoiding: [], at: Moment(seconds: Double(place))) }
        #expect(router.decisions(of: "x").map(\.decided) == (84..<100).map { Moment(seconds: Double($0)) })
    }

    private func lack(_ router: inout RunnerRouter, _ wish: AppWish) -> AppLack? {
        do throws(AppLack) {
            _ = try router.choose(wish, avoiding: [], at: now)
            return nil
        } catch { return error }
    }
}
