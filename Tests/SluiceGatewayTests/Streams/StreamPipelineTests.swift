import NIOCore
import SluiceRouting
import SluiceTesting
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceGateway

@Suite struct StreamPipelineTests {
    @Test func theSourceIsListedAtOnceAndRenditionsFollow() async throws {
        let gate = ScriptGate()
        let harness = GatewayHarness(["a": [.gated(gate, GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            let (done, continuation) = AsyncStream.makeStream(of: Void.self)
            live.pipeline.accept(GatewayHarness.segment(live, 0)) { _ in continuation.finish() }
            #expect(try harness.listed(live.pipeline.id, "source") == ["source/0.ts"])
            #expect(try harness.playlist(live.pipeline.id, "small") == nil)
            gate.open()
            let outcome = await GatewayHarness.carry(live, 1)
            // The two travel side by side: the end of the second says nothing about the first.
            for await _ in done {}
            #expect(outcome.failure == nil)
            #expect(try harness.listed(live.pipeline.id, "small") == ["small/0.ts", "small/1.ts"])
        }
    }

    /// Between its publisher's last word and the end; whoever waits for it would wait for ever.
    @Test func aSegmentThatComesWhenNobodyCarriesAnyMoreHasAnEnd() async throws {
        let harness = GatewayHarness(["a": [.answer(GatewayHarness.rendition)]])
        let live = try harness.open("one")
        let running = Task { await live.pipeline.run() }
        running.cancel()
        await running.value
        for number in Int64(0)..<3 {
            let outcome = await GatewayHarness.carry(live, number)
            #expect(outcome.failure?.reason == .cancelled && outcome.renditions.allSatisfy { $0 == nil })
        }
    }

    @Test func aLateSegmentKeepsItsPlace() async throws {
        let gate = ScriptGate()
        let harness = GatewayHarness(["a": [.gated(gate, GatewayHarness.rendition), .answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            let (done, continuation) = AsyncStream.makeStream(of: Void.self)
            live.pipeline.accept(GatewayHarness.segment(live, 0)) { _ in continuation.finish() }
            while harness.orchestrators.sent.isEmpty { await Task.yield() }
            _ = await GatewayHarness.carry(live, 1)
            #expect(try harness.playlist(live.pipeline.id, "large") == nil)
            gate.open()
            for await _ in done {}
            #expect(try harness.listed(live.pipeline.id, "large") == ["large/0.ts", "large/1.ts"])
        }
    }

    @Test(arguments: [
        ScriptedOrchestrator.Behaviour.refuse(SegmentFailure(.unreachable, "connection refused")),
        .refuse(SegmentFailure(.busy, "OrchestratorBusy")), .fail(SegmentFailure(.transcodeFailed, "no")),
        .half(GatewayHarness.rendition), .count(1, GatewayHarness.rendition), .never,
        .answer(ByteBuffer(string: "<html>no media</html>")),
    ])
    func whatOneFailsAnotherDoes(_ behaviour: ScriptedOrchestrator.Behaviour) async throws {
        let harness = GatewayHarness(["a": [behaviour], "b": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            let outcome = await GatewayHarness.carry(live, 0)
            #expect(outcome.failure == nil)
            #expect(outcome.renditions.allSatisfy { $0 != nil })
            #expect(harness.orchestrators.sent.map(\.orchestrator.rawValue) == ["a", "b"])
        }
    }

    /// What is whole is used; the rest is a fault of the orchestrator, not of the segment.
    @Test func aRenditionTooManyIsAFaultButLosesNothing() async throws {
        let harness = GatewayHarness(["a": [.count(3, GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            let outcome = await GatewayHarness.carry(live, 0)
            #expect(outcome.failure == nil)
        }
        #expect(harness.registry.render().contains(#"sluice_segment_attempts_failed_total{reason="protocolViolation"} 1"#))
    }

    @Test func unusableMediaIsTriedOnceAndBlamesNobody() async throws {
        let harness = GatewayHarness([
            "a": [.fail(SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo")), .answer(GatewayHarness.rendition)],
            "b": [.answer(GatewayHarness.rendition)],
        ])
        try await harness.run {
            let live = try harness.open("one")
            let outcome = await GatewayHarness.carry(live, 0)
            #expect(outcome.failure?.reason == .mediaUnusable)
            #expect(harness.orchestrators.sent.count == 1)
            _ = await GatewayHarness.carry(live, 1)
            #expect(harness.orchestrators.sent.last?.orchestrator == OrchestratorID("a"))
        }
    }

    @Test func aLostSegmentIsAGapAndTheNextGoesOn() async throws {
        let failure = SegmentFailure(.transcodeFailed, "out of memory")
        let harness = GatewayHarness(["a": [.fail(failure), .fail(failure), .fail(failure), .answer(GatewayHarness.rendition)]]) {
            $0.routing.shortestPatience = 2
        }
        try await harness.run {
            let live = try harness.open("one")
            _ = await GatewayHarness.carry(live, 0)
            _ = await GatewayHarness.carry(live, 1)
            let playlist = try harness.playlist(live.pipeline.id, "small")
            #expect(playlist?.entries.map(\.isGap) == [true, false])
            #expect(harness.table.counts(of: live.pipeline.id, "small")?.gaps == 1)
        }
    }

    @Test func theSourceStandsInBetweenTwoDiscontinuities() async throws {
        let failure = SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo")
        let answer = ScriptedOrchestrator.Behaviour.answer(GatewayHarness.rendition)
        let harness = GatewayHarness(["a": [answer, .fail(failure), answer]]) { $0.routing.serviceLevel.onMiss = .source }
        try await harness.run {
            let live = try harness.open("one")
            for number in 0..<3 { _ = await GatewayHarness.carry(live, Int64(number)) }
            let playlist = try harness.playlist(live.pipeline.id, "small")
            #expect(playlist?.entries.map(\.isGap) == [false, false, false])
            #expect(playlist?.entries.map(\.startsDiscontinuity) == [false, true, true])
            let second = try #require(playlist).mediaSequence + 1
            guard
                case .found(let bytes) = harness.table.segment(
                    of: live.pipeline.id, rendition: "small", number: second, container: .mpegTS)
            else {
                Issue.record("no segment stands in")
                return
            }
            #expect(bytes == GatewayHarness.segment(live, 1).bytes)
        }
    }

    @Test func pastTheBoundSegmentsAreSkippedInOrderNotQueued() async throws {
        let gate = ScriptGate()
        let harness = GatewayHarness(["a": [.gated(gate, GatewayHarness.rendition)]]) {
            $0.maxInFlight = 1
            $0.maxWaiting = 2
            $0.routing.shortestPatience = 30
            $0.routing.attempts = 1
        }
        try await harness.run {
            let live = try harness.open("one")
            for number in 0..<6 { live.pipeline.accept(GatewayHarness.segment(live, Int64(number))) }
            gate.open()
            let last = await GatewayHarness.carry(live, 6)
            _ = last
            let gaps = try harness.playlist(live.pipeline.id, "small")?.entries.count { $0.isGap } ?? 0
            #expect(gaps > 0)
            #expect(harness.table.counts(of: live.pipeline.id, "source")?.published == 7)
            #expect(harness.table.counts(of: live.pipeline.id, "small")?.published == 7)
        }
    }
}

extension StreamTable {
    func counts(of stream: StreamID, _ rendition: String) -> (published: Int, gaps: Int)? {
        live(stream)?.pipeline.output.counts.first { $0.rendition == rendition }.map { ($0.published, $0.gaps) }
    }
}
