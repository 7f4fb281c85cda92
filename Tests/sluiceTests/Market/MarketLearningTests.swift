import Foundation
import HTTPTypes
import SluiceMarket
import SluiceRegistry
import SluiceRouting
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

@Suite(.timeLimit(.minutes(1))) struct MarketLearningTests {
    private let good = OrchestratorID("https://good:8935")
    private let bad = OrchestratorID("https://bad:8935")

    private func decision(
        _ sequence: Int64, _ attempts: [(OrchestratorID, AttemptRole, RouteDecision.Attempt.Result, Int64)], failure: SegmentFailure? = nil
    ) throws -> (RouteDecision, SegmentFacts) {
        let stream = try #require(StreamID("ac-cam"))
        let cut = Moment(seconds: Double(sequence) * 2)
        var router = SegmentRouter(seed: 1)
        router.update([MarketBench.entry("good")], at: cut)
        var actions: [DispatchAction] = []
        let facts = SegmentFacts(
            stream: stream, sequence: SegmentSequence(sequence), duration: 2, byteCount: 1, outputPixelRate: 500_000, renditions: 1,
            cut: cut)
        var decision = SegmentCourse(facts, router: &router, at: cut, actions: &actions).decision
        decision.choice = attempts.first?.0
        decision.failure = failure
        decision.finish = failure == nil ? 0.5 : nil
        let template = try #require(decision.attempts.first)
        decision.attempts = attempts.map { orchestrator, role, result, pixels in
            var attempt = template
            attempt.orchestrator = orchestrator
            attempt.role = role
            attempt.result = result
            attempt.pixels = pixels
            attempt.pixelsAsked = 1_000_000
            if result == .won || result == .finished { attempt.times = PhaseTimes(total: 0.4) }
            return attempt
        }
        return (decision, facts)
    }

    private func settle(_ market: Market, _ made: (RouteDecision, SegmentFacts), wei: [OrchestratorID: Int64]) {
        let prices = wei.compactMapValues { Price(pricePerUnit: $0, pixelsPerUnit: 3) }
        market.learn(Market.Settled(decision: made.0, facts: made.1, prices: prices))
    }

    @Test func whoFailsGetsLessWeightAndEveryKindIsBookedAsWhatItIs() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("market-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let registry = try Registry(path: folder.appendingPathComponent("r.sqlite").path)
        let acme = TenantSettings(name: "acme", prefixes: ["ac-"], keys: [], serviceLevel: .none)
        try await MarketBench.serving(
            [MarketBench.entry("good"), MarketBench.entry("bad")], flags: ["scoreStrength": "2"], tenants: [acme], registry: registry
        ) { bench in
            bench.levels.opened(try #require(StreamID("ac-cam")), tenant: "acme", .none)
            let wei: [OrchestratorID: Int64] = [good: 10, bad: 10]
            for sequence in Int64(0)..<100 {
                let failure = SegmentFailure(.transcodeFailed, "no")
                let attempts: [(OrchestratorID, AttemptRole, RouteDecision.Attempt.Result, Int64)] =
                    sequence % 2 == 0
                    ? [(good, .primary, .won, 1_000_000)] : [(bad, .primary, .failed(failure), 0), (good, .retry, .won, 1_000_000)]
                settle(bench.market, try decision(sequence, attempts), wei: wei)
            }
            settle(
                bench.market,
                try decision(100, [(bad, .primary, .aborted, 0), (good, .hedge, .won, 999_999), (bad, .canary, .finished, 7)]), wei: wei)
            bench.market.rank()
            let weights = bench.weights.value.withLock { $0 }
            #expect((weights[good] ?? 0) > 2 * (weights[bad] ?? 9))
            let report = try await bench.ask(.get, "/marketplace/leaderboard").decoded(LeaderboardReport.self)
            #expect(report.rows.map(\.orchestrator) == [good.rawValue, bad.rawValue])
            #expect(report.gateway.segments == 101 && report.rows.last?.failed == 50)
            #expect(try await bench.ask(.get, "/marketplace/leaderboard.html").text.contains("https://bad:8935"))

            // The lane writes until it is finished.
            let lane = try #require(bench.market.lane)
            lane.finish()
            await lane.run()
            let usage = try await bench.ask(.get, "/marketplace/usage?tenant=acme").decoded(UsageReport.self)
            let kinds = Dictionary(uniqueKeysWithValues: usage.totals.map { ($0.kind, $0.units) })
            #expect(kinds == ["primary": "50000000", "retry": "50000000", "hedge": "999999", "canary": "7"])
            // 101 000 006 - 1 … pixels at 10 wei for three: (100 999 999 + 7) × 10 / 3.
            #expect(usage.feeWei == "336666686+2/3")
            #expect(try await bench.ask(.get, "/marketplace/usage?tenant=other").decoded(UsageReport.self).lines.isEmpty)
        }
        try registry.close()
    }

    @Test func whatWasLearnedIsThereAfterARestart() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("market-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("r.sqlite").path
        let first = try Registry(path: path)
        try await MarketBench.serving([MarketBench.entry("good"), MarketBench.entry("bad", wei: 77)], registry: first) { bench in
            for sequence in Int64(0)..<30 { settle(bench.market, try decision(sequence, [(good, .primary, .won, 1000)]), wei: [:]) }
            await bench.market.save()
            let prices = try await bench.ask(.get, "/marketplace/prices?orchestrator=https://bad:8935").decoded([PriceReport].self)
            #expect(prices.map(\.wei) == [77])
            #expect(
                try await bench.ask(.get, "/marketplace/leaderboard/history?orchestrator=https://good:8935").decoded([HistoryReport].self)
                    .map(\.done) == [30])
        }
        try first.close()
        let second = try Registry(path: path)
        try await MarketBench.serving([], registry: second) { bench in
            await bench.market.restore()
            let offers = bench.market.state.withLock { $0.catalog.all }
            #expect(offers.map(\.orchestrator) == [bad, good] && offers.allSatisfy { !$0.isReachable && $0.sources == [.remembered] })
            #expect(offers.first?.offered.price?.pricePerUnit == 77 && offers.first?.region == "eu")
            let report = bench.market.leaderboard(pipeline: nil, region: nil, gpuClass: nil)
            #expect(report.rows.first { $0.orchestrator == good.rawValue }?.attempts == 30)
        }
        try second.close()
    }

    @Test func anAcceptedQuoteIsWhatIsBookedWhenThePriceHasRisen() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("market-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let registry = try Registry(path: folder.appendingPathComponent("r.sqlite").path)
        try await MarketBench.serving([MarketBench.entry("good", wei: 2)], registry: registry) { bench in
            let quote = try await bench.ask(.post, "/marketplace/quote", #"{"unitsPerSecond": 1000}"#).decoded(QuoteReport.self)
            _ = try bench.market.accept(try #require(quote.quote), for: "ac-cam", at: Market.now)
            settle(bench.market, try decision(1, [(good, .primary, .won, 1000)]), wei: [good: 30])
            settle(bench.market, try decision(2, [(good, .primary, .won, 1000)]), wei: [good: 3])
            let lane = try #require(bench.market.lane)
            lane.finish()
            await lane.run()
            let usage = try await bench.ask(.get, "/marketplace/usage").decoded(UsageReport.self)
            // 1000 pixels at the quoted 2 wei, and 1000 at 3 wei for three, which is less.
            #expect(usage.feeWei == "3000")
        }
        try registry.close()
    }

    @Test func whoRaisesThePriceTooFarIsLeft() async throws {
        try await MarketBench.serving([MarketBench.entry("good")]) { bench in
            settle(bench.market, try decision(1, [(good, .primary, .won, 1000)]), wei: [good: 10])
            settle(bench.market, try decision(2, [(good, .primary, .won, 1000)]), wei: [good: 19])
            let stream = try #require(StreamID("ac-cam"))
            #expect(bench.market.state.withLock { $0.guardian.check(6, at: good, for: stream) } == nil)
            #expect(bench.market.state.withLock { $0.guardian.check(7, at: good, for: stream) } != nil)
        }
    }
}
