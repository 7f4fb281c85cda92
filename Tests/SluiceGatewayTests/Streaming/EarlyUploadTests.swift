import NIOCore
import SluiceRouting
import SluiceTesting
import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite struct EarlyUploadTests {
    /// A gateway whose orchestrators take segments while they are being cut.
    private func harness(_ scripts: [String: [ScriptedOrchestrator.Behaviour]]) -> GatewayHarness {
        GatewayHarness(scripts, takeStreamedSegments: true)
    }

    /// Opens a segment, hands its bytes in, and carries it to its end.
    private func carryStreamed(_ live: LiveStream, _ number: Int64) async -> (isStreamed: Bool, outcome: SegmentOutcome) {
        let segment = GatewayHarness.segment(live, number)
        let feed = live.pipeline.open(segment.sequence, lasting: segment.duration)
        feed?.append(segment.bytes)
        feed?.finish(hash: [])
        let outcome = await withCheckedContinuation { continuation in
            live.pipeline.accept(segment) { continuation.resume(returning: $0) }
        }
        return (feed != nil, outcome)
    }

    @Test func aSettledStreamSendsItsSegmentsFromTheirFirstByte() async throws {
        let harness = harness(["a": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            let first = await carryStreamed(live, 0)
            #expect(!first.isStreamed)
            let second = await carryStreamed(live, 1)
            #expect(second.isStreamed)
            #expect(second.outcome.renditions.map { $0?.bytes } == [GatewayHarness.rendition, GatewayHarness.rendition])
        }
        #expect(harness.orchestrators.sent.map(\.isStreamed) == [false, true])
        #expect(harness.registry.render().contains("sluice_segments_streamed_kept_total 1"))
    }

    @Test func whatFailedBeforeTheCutIsDoneAgainElsewhere() async throws {
        let harness = harness([
            "a": [.answer(GatewayHarness.rendition), .fail(SegmentFailure(.transcodeFailed, "no"))],
            "b": [.answer(GatewayHarness.rendition)],
        ])
        try await harness.run {
            let live = try harness.open("one")
            _ = await carryStreamed(live, 0)
            let second = await carryStreamed(live, 1)
            #expect(second.isStreamed)
            #expect(second.outcome.failure == nil)
            #expect(second.outcome.renditions.map { $0?.orchestrator.rawValue } == ["b", "b"])
        }
        #expect(harness.orchestrators.sent.map { "\($0.orchestrator) \($0.isStreamed)" } == ["a false", "a true", "b false"])
    }

    @Test func aSegmentThatGoesAnotherWayGivesItsEarlyOneUp() async throws {
        let harness = harness(["a": [.answer(GatewayHarness.rendition), .never], "b": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            _ = await carryStreamed(live, 0)
            // The operator bars "a" between the first byte and the cut.
            let segment = GatewayHarness.segment(live, 1)
            let feed = try #require(live.pipeline.open(segment.sequence, lasting: segment.duration))
            var level = harness.route.nodeServiceLevel
            level.region = "b"
            harness.route.renewServiceLevels(node: level)
            feed.finish(hash: [])
            let outcome = await GatewayHarness.carry(live, 1)
            #expect(outcome.renditions.map { $0?.orchestrator.rawValue } == ["b", "b"])
        }
        #expect(harness.orchestrators.abandoned == 1)
    }

    @Test func theEndOfAStreamEndsWhatNobodyClaims() async throws {
        let harness = harness(["a": [.answer(GatewayHarness.rendition), .never]])
        try await harness.run {
            let live = try harness.open("one")
            _ = await carryStreamed(live, 0)
            _ = try #require(live.pipeline.open(SegmentSequence(1), lasting: .seconds(2)))
            live.pipeline.finish()
        }
        #expect(harness.orchestrators.abandoned == 1)
    }
}
