import SluiceRouting
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceGateway

@Suite(.timeLimit(.minutes(1))) struct RouteStageTests {
    private static let answer = ScriptedOrchestrator.Behaviour.answer(GatewayHarness.rendition)

    /// The harness's orchestrator "b" costs 1000 wei per pixel, "a" nothing.
    @Test func whatIsPromisedHoldsFromTheFirstSegmentAndIsRenewedLive() async throws {
        let promised = Mutex(ServiceLevel(maxPrice: 500))
        let candidates = Mutex<[Int64: Int]>([:])
        let harness = GatewayHarness(
            ["a": [Self.answer], "b": [Self.answer]], promised: { _ in promised.withLock { $0 } },
            decided: { decision, _ in candidates.withLock { $0[decision.sequence.rawValue] = decision.candidates } })
        try await harness.run {
            let live = try harness.open("one")
            _ = await GatewayHarness.carry(live, 0)
            let stream = live.pipeline.id
            #expect(harness.route.serviceLevel(of: stream).maxPrice == 500)
            promised.withLock { $0.maxPrice = nil }
            harness.route.renewServiceLevel(of: stream)
            _ = await GatewayHarness.carry(live, 1)
            promised.withLock { $0.maxPrice = 1 }
            harness.route.renewServiceLevels(node: ServiceLevel(maxPrice: 7))
            #expect(harness.route.serviceLevel(of: stream).maxPrice == 1)
            #expect(harness.route.nodeServiceLevel.maxPrice == 7)
        }
        #expect(candidates.withLock { $0 } == [0: 1, 1: 2])
    }

    @Test func aLevelIsCheckedForTheWorkThatIsThere() async throws {
        let harness = GatewayHarness(["a": [Self.answer]])
        try await harness.run {
            #expect(harness.route.check(ServiceLevel(region: "eu")).isMet == false, "before any stream, by the list alone")
            let live = try harness.open("one")
            for sequence in Int64(0)..<6 { _ = await GatewayHarness.carry(live, sequence) }
            #expect(harness.route.check(ServiceLevel(), of: live.pipeline.id).isMet)
            #expect(harness.route.check(ServiceLevel(allowedClasses: [.consumer]), of: live.pipeline.id).nearest?.changed == [.gpuClass])
        }
    }

    @Test func whatNobodyKeepsIsSaidWithTheFirstSegment() async throws {
        let harness = GatewayHarness(["a": [Self.answer]], promised: { _ in ServiceLevel(region: "eu") })
        try await harness.run {
            let live = try harness.open("one")
            let jobs = (0..<2).map { SegmentJob(segment: GatewayHarness.segment(live, $0), profiles: GatewayHarness.profiles) }
            let first = harness.route.begin(jobs[0])
            #expect(first.objection?.failing == [.region: 1] && first.objection?.nearest?.changed == [.region])
            #expect(harness.route.begin(jobs[1]).objection == nil, "once is enough")
        }
    }

    @Test func everyDecisionIsToldOnceWithItsSegment() async throws {
        let told = Mutex<[(RouteDecision, SegmentFacts)]>([])
        let harness = GatewayHarness(
            ["a": [.fail(SegmentFailure(.transcodeFailed, "no")), Self.answer], "b": [Self.answer]],
            decided: { decision, facts in told.withLock { $0.append((decision, facts)) } })
        try await harness.run {
            let live = try harness.open("one")
            for sequence in Int64(0)..<2 { _ = await GatewayHarness.carry(live, sequence) }
        }
        let all = told.withLock { $0 }
        #expect(all.map(\.0.sequence.rawValue).sorted() == [0, 1])
        #expect(all.allSatisfy { $0.1.byteCount == 200 && $0.1.renditions == 2 && $0.0.sequence == $0.1.sequence })
    }

    @Test func metricsOfTheRoutingHaveTheirNames() async throws {
        let harness = GatewayHarness(["a": [Self.answer]])
        try await harness.run {
            let live = try harness.open("one")
            _ = await GatewayHarness.carry(live, 0)
        }
        harness.metrics.look(at: harness.route)
        let text = harness.registry.render()
        for name in [
            "sluice_route_decisions_total{reason=\"stay\"} 0", "sluice_hedges_total{result=\"won\"} 0", "sluice_deadline_misses_total 0",
            "sluice_ejected{class=\"unknown\"} 0", "sluice_attempt_finish_seconds_count{orchestrator=\"a\",class=\"h264/",
        ] { #expect(text.contains(name), "\(name)") }
    }
}
