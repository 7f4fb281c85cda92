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
    private func carryStreamed(
        _ live: LiveStream, _ number: Int64, of harness: GatewayHarness
    ) async -> (isStreamed: Bool, outcome: SegmentOutcome) {
        let segment = GatewayHarness.segment(live, number)
        let feed = live.pipeline.open(segment.sequence, lasting: segment.duration)
        feed?.append(segment.bytes)
        if feed != nil { await begun(number, of: harness) }
        feed?.finish(hash: [])
        let outcome = await withCheckedContinuation { continuation in
            live.pipeline.accept(segment) { continuation.resume(returning: $0) }
        }
        return (feed != nil, outcome)
    }

    private func begun(_ number: Int64, of harness: GatewayHarness) async {
        while !harness.orchestrators.sent.contains(where: { $0.isStreamed && $0.sequence.rawValue == number }) { await Task.yield() }
    }

    @Test func aSettledStreamSendsItsSegmentsFromTheirFirstByte() async throws {
        let harness = harness(["a": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            let first = await carryStreamed(live, 0, of: harness)
            #expect(!first.isStreamed)
            let second = await carryStreamed(live, 1, of: harness)
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
            _ = await carryStreamed(live, 0, of: harness)
            let second = await carryStreamed(live, 1, of: harness)
            #expect(second.isStreamed)
            #expect(second.outcome.failure == nil)
            #expect(second.outcome.renditions.map { $0?.orchestrator.rawValue } == ["b", "b"])
        }
        // Whole, or early too if there was time for that.
        #expect(harness.orchestrators.sent.map(\.orchestrator.rawValue) == ["a", "a", "b"])
    }

    @Test(arguments: [ScriptedOrchestrator.Behaviour.fail(SegmentFailure(.transcodeFailed, "no")), .never])
    func whatIsInTroubleBeforeTheCutIsTakenOver(trouble: ScriptedOrchestrator.Behaviour) async throws {
        let harness = harness([
            "a": [.answer(GatewayHarness.rendition), trouble], "b": [.answer(GatewayHarness.rendition)],
        ])
        try await harness.run {
            let live = try harness.open("one")
            _ = await carryStreamed(live, 0, of: harness)
            let segment = GatewayHarness.segment(live, 1)
            let feed = try #require(live.pipeline.open(segment.sequence, lasting: segment.duration))
            // Until the other one has it too, from its first byte on.
            while harness.orchestrators.sent.count < 3 {
                feed.append(ByteBuffer(repeating: 0x47, count: 188))
                await Task.yield()
            }
            feed.finish(hash: [])
            let outcome = await GatewayHarness.carry(live, 1)
            #expect(outcome.renditions.map { $0?.orchestrator.rawValue } == ["b", "b"])
        }
        // Nobody got it a second time.
        #expect(harness.orchestrators.sent.map { "\($0.orchestrator) \($0.isStreamed)" } == ["a false", "a true", "b true"])
        #expect(harness.registry.render().contains("sluice_segments_streamed_troubled_total 1"))
    }

    @Test func whereNobodyElseIsTheOnlyOneIsWaitedFor() async throws {
        let harness = harness(["a": [.answer(GatewayHarness.rendition), .echo(), .answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            _ = await carryStreamed(live, 0, of: harness)
            let segment = GatewayHarness.segment(live, 1)
            let feed = try #require(live.pipeline.open(segment.sequence, lasting: segment.duration))
            await begun(1, of: harness)
            feed.append(GatewayHarness.rendition)
            feed.finish(hash: [])
            let outcome = await GatewayHarness.carry(live, 1)
            #expect(outcome.failure == nil)
        }
        #expect(harness.orchestrators.sent.map(\.isStreamed) == [false, true])
    }

    @Test func afterTheCutWhoeverCanBeginsAnewWhereViewersAre() async throws {
        let transport = ScriptedOrchestrator([OrchestratorID("a"): [.never], OrchestratorID("b"): [.answer(GatewayHarness.rendition)]])
        let metrics = GatewayMetrics(registry: MetricRegistry(), node: "node", maxStreams: 1)
        let feed = SegmentFeed()
        let stream = try #require(StreamID("one"))
        let streamed = StreamedJob(
            stream: stream, sequence: SegmentSequence(1), profiles: GatewayHarness.profiles, feed: feed, expectedDuration: .seconds(2))
        let now = ContinuousClock.now
        let segment = Segment(
            stream: stream, sequence: SegmentSequence(1), container: .mpegTS, bytes: GatewayHarness.rendition, start: .zero,
            duration: .seconds(2), startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 60, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
        let whole = SegmentJob(segment: segment, profiles: GatewayHarness.profiles)
        let uploads = EarlyUploads(transport: transport, metrics: metrics, takesStreamed: { $0.rawValue == "b" })
        uploads.announce(streamed, reached: { [nil, 9000] })
        feed.append(segment.bytes)
        feed.finish(hash: [1])
        for try await _ in uploads.send(whole, to: OrchestratorID("b")) {}
        _ = uploads.send(whole, to: OrchestratorID("a"))
        uploads.forget(stream, SegmentSequence(1))
        for try await _ in uploads.send(whole, to: OrchestratorID("b")) {}
        #expect(transport.sent.map { "\($0.orchestrator) \($0.isStreamed)" } == ["b true", "a false", "b false"])
        #expect(transport.sent.map(\.keyFrameAfter) == [[nil, 9000], [], []])
    }

    @Test func aSegmentThatGoesAnotherWayGivesItsEarlyOneUp() async throws {
        let harness = harness(["a": [.answer(GatewayHarness.rendition), .never], "b": [.answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            _ = await carryStreamed(live, 0, of: harness)
            // The operator bars "a" between the first byte and the cut.
            let segment = GatewayHarness.segment(live, 1)
            let feed = try #require(live.pipeline.open(segment.sequence, lasting: segment.duration))
            await begun(1, of: harness)
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
            _ = await carryStreamed(live, 0, of: harness)
            _ = try #require(live.pipeline.open(SegmentSequence(1), lasting: .seconds(2)))
            await begun(1, of: harness)
            live.pipeline.finish()
        }
        #expect(harness.orchestrators.abandoned == 1)
    }

    @Test func aSegmentWaitsForTheOneBeforeItAndIsSentWholeWhenThatTakesTooLong() async throws {
        let gate = ScriptGate()
        let harness = harness([
            "a": [.answer(GatewayHarness.rendition), .gated(gate, GatewayHarness.rendition), .answer(GatewayHarness.rendition)]
        ])
        try await harness.run {
            let live = try harness.open("one")
            _ = await carryStreamed(live, 0, of: harness)
            async let first = GatewayHarness.carry(live, 1)
            while harness.orchestrators.sent.count < 2 { await Task.yield() }
            // None is opened before the exchange of the first has ended, which is a moment after its last rendition.
            var opened: SegmentFeed?
            while opened == nil {
                await Task.yield()
                opened = live.pipeline.open(SegmentSequence(2), lasting: .seconds(2))
            }
            let feed = try #require(opened)
            feed.finish(hash: [])
            async let second = GatewayHarness.carry(live, 2)
            while harness.orchestrators.sent.count < 3 { await Task.yield() }
            gate.open()
            let outcomes = await [first, second]
            #expect(outcomes.allSatisfy { $0.failure == nil })
        }
        #expect(harness.orchestrators.sent.allSatisfy { !$0.isStreamed })
    }

    /// One that was stopped by us must not be taken for one that failed: the segment would be lost instead of sent whole.
    @Test func whatWasGivenUpSaysSoHoweverItsExchangeEnds() async throws {
        let transport = ScriptedOrchestrator([OrchestratorID("a"): [.never]])
        let job = StreamedJob(
            stream: try #require(StreamID("one")), sequence: SegmentSequence(1), profiles: GatewayHarness.profiles, feed: SegmentFeed(),
            expectedDuration: .seconds(2))
        let upload = EarlyUpload(job: job, orchestrator: OrchestratorID("a"))
        async let running: Void = upload.run(over: transport)
        while transport.sent.isEmpty { await Task.yield() }
        upload.cancel()
        await running
        #expect(upload.isGivenUp)
        upload.cancel()
        #expect(upload.isGivenUp)
    }
}
