import NIOCore
import SluiceTesting
import SluiceTypes
import Testing

@Suite struct ScriptedOrchestratorTests {
    private let a = OrchestratorID("a")

    @Test func oneBehaviourAJobAndTheLastStays() async throws {
        let refusal = SegmentFailure(.busy, "full")
        let scripted = ScriptedOrchestrator([a: [.refuse(refusal), .answer(ByteBuffer(string: "x"))]])
        await #expect(throws: refusal) { for try await _ in scripted.send(try job(), to: a) {} }
        for _ in 0..<2 { #expect(try await completed(scripted.send(try job(), to: a)) == 2) }
        #expect(scripted.sent.count == 3)
    }

    @Test func theWrongNumberOfRenditions() async throws {
        let scripted = ScriptedOrchestrator([a: [.count(5, ByteBuffer())]])
        #expect(try await completed(scripted.send(try job(), to: a)) == 5)
    }

    @Test func aGateHoldsTheAnswerBack() async throws {
        let gate = ScriptGate()
        let scripted = ScriptedOrchestrator([a: [.gated(gate, ByteBuffer())]])
        var events = scripted.send(try job(), to: a).makeAsyncIterator()
        guard case .accepted = try await events.next() else {
            Issue.record("accepted comes before the gate")
            return
        }
        gate.open()
        guard case .renditionBytes = try await events.next() else {
            Issue.record("an open gate lets the answer out")
            return
        }
    }

    @Test func silenceEndsWithItsCaller() async throws {
        let scripted = ScriptedOrchestrator([a: [.never]])
        let events = scripted.send(try job(), to: a)
        let task = Task { for try await _ in events {} }
        task.cancel()
        _ = await task.result
        #expect(scripted.abandoned == 1)
    }

    private func completed(_ events: AsyncThrowingStream<SegmentEvent, any Error>) async throws -> Int {
        var count = 0
        for try await event in events {
            if case .renditionComplete = event { count += 1 }
        }
        return count
    }

    private func job() throws -> SegmentJob {
        let stream = try #require(StreamID("stream"))
        let segment = Segment(
            stream: stream, sequence: SegmentSequence(0), container: .mpegTS, bytes: ByteBuffer(), start: .zero,
            duration: .seconds(2), startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 60, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: .now, cut: .now))
        let profiles = ["one", "two"].map { TranscodeProfile(name: $0, width: 16, height: 16, bitrate: 1000) }
        return SegmentJob(segment: segment, profiles: profiles)
    }
}
