import Logging
import NIOCore
import SluiceMedia
import SluiceOrchestrator
import SluiceTesting
import SluiceTypes
import Testing

@Suite struct OrchestratorTests {
    private let registry = MetricRegistry()
    private let executor = MediaExecutor(width: 1)
    private let profiles = [
        TranscodeProfile(name: "P240", width: 426, height: 240, bitrate: 600_000),
        TranscodeProfile(name: "P144", width: 256, height: 144, bitrate: 300_000),
    ]

    @Test func acceptedComesFirstThenEachRenditionWholeThenTheEnd() async throws {
        let orchestrator = make()
        var kinds: [String] = []
        var sizes = [0, 0]
        for try await event in orchestrator.transcode(try job(), in: SessionID("a")) {
            switch event {
            case .accepted: kinds.append("accepted")
            case .renditionBytes(let index, let bytes): sizes[index] += bytes.readableBytes
            case .renditionComplete(let index, let facts):
                kinds.append("complete")
                #expect(facts.pixels > 0)
                #expect(sizes[index] > 0 && sizes[index] % 188 == 0)
            case .transcoded: break
            case .finished: kinds.append("finished")
            }
        }
        #expect(kinds == ["accepted", "complete", "complete", "finished"])
        #expect(orchestrator.status.done == 1)
        #expect(orchestrator.status.pendingSegments == 0)
    }

    @Test func garbageIsUnusableMediaAndTheSessionLivesOn() async throws {
        let orchestrator = make()
        let failure = await failure(of: orchestrator.transcode(try job(ByteBuffer(string: "not media")), in: SessionID("a")))
        #expect(failure?.reason == .mediaUnusable)
        #expect(registry.render().contains("segments_failed_total{reason=\"mediaUnusable\"} 1"))
        for try await _ in orchestrator.transcode(try job(), in: SessionID("a")) {}
        #expect(orchestrator.status.done == 1)
    }

    @Test func aFullHouseRefusesTheNewSessionOnly() async throws {
        let orchestrator = make(.init(maxSessions: 1))
        let hold = ThreadHold(executor)
        let first = orchestrator.transcode(try job(), in: SessionID("a"))
        let refused = await failure(of: orchestrator.transcode(try job(), in: SessionID("b")))
        #expect(refused == SegmentFailure(.busy, "OrchestratorCapped"))
        #expect(orchestrator.hasRoom(for: SessionID("a")))
        #expect(!orchestrator.hasRoom(for: nil))
        hold.release()
        for try await _ in first {}
        await orchestrator.end(SessionID("a"))
        #expect(orchestrator.hasRoom(for: nil))
    }

    @Test func anAbandonedJobNeverRuns() async throws {
        let orchestrator = make()
        let hold = ThreadHold(executor)
        let abandoned = Task { [job = try job()] in
            for try await _ in orchestrator.transcode(job, in: SessionID("a")) {}
        }
        while orchestrator.status.segments == 0 { await Task.yield() }
        abandoned.cancel()
        _ = await abandoned.result
        hold.release()
        // The same lane works in order: when the second is done, the first has ended.
        for try await _ in orchestrator.transcode(try job(), in: SessionID("a")) {}
        #expect(orchestrator.status.failed == 1)
        #expect(orchestrator.status.done == 1)
    }

    @Test func theServiceLoopEndsWithItsTask() async {
        let orchestrator = make()
        let loop = Task { await orchestrator.run() }
        loop.cancel()
        await loop.value
    }

    private func make(_ admission: Admission.Settings = .init()) -> Orchestrator {
        Orchestrator(
            settings: .init(admission: admission, transcode: .init(preset: "ultrafast", encoder: .x264)), executor: executor,
            registry: registry, logger: Logger(label: "test"))
    }

    private func job(_ bytes: ByteBuffer? = nil) throws -> SegmentJob {
        let bytes = try bytes ?? Fixture.bytes("media/av360p-3segments-0.ts")
        let segment = Segment(
            stream: try #require(StreamID("stream")), sequence: SegmentSequence(0), container: .mpegTS, bytes: bytes, start: .zero,
            duration: .seconds(2), startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 60, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: .now, cut: .now))
        return SegmentJob(segment: segment, profiles: profiles)
    }

    private func failure(of events: AsyncThrowingStream<SegmentEvent, any Error>) async -> SegmentFailure? {
        do {
            for try await _ in events {}
            return nil
        } catch {
            return error as? SegmentFailure
        }
    }
}
