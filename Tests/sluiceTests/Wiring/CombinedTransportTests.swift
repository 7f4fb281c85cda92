import NIOCore
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

@Suite struct CombinedTransportTests {
    /// A service that gives one rendition at once and remembers its sessions.
    private final class Service: TranscodeService {
        let capabilities = CapabilitySet([.h264])
        let worked: Mutex<[SessionID]> = Mutex([])
        let ended: Mutex<[SessionID]> = Mutex([])

        func transcode(_ job: SegmentJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
            worked.withLock { $0.append(session) }
            return AsyncThrowingStream { continuation in
                continuation.yield(.accepted)
                continuation.yield(.finished)
                continuation.finish()
            }
        }

        func transcode(_ job: StreamedJob, in session: SessionID) -> AsyncThrowingStream<SegmentEvent, any Error> {
            worked.withLock { $0.append(session) }
            return AsyncThrowingStream { $0.finish() }
        }

        func hasRoom(for session: SessionID?) -> Bool { true }
        func end(_ session: SessionID) async { ended.withLock { $0.append(session) } }
    }

    private let service = Service()
    private let remote = ScriptedOrchestrator([OrchestratorID("https://far:8935"): [.answer(ByteBuffer(string: "rendition"))]])

    @Test func theEmbeddedOneIsCalledInTheProcessAndTheOthersOverTheNetwork() async throws {
        let transport = CombinedTransport(embedded: InProcessTransport(service: service), remote: remote)
        let job = try job("one")
        for try await _ in transport.send(job, to: .embedded) {}
        #expect(service.worked.withLock { $0 } == [SessionID("embedded-one")])
        #expect(remote.sent.isEmpty)
        for try await _ in transport.send(job, to: OrchestratorID("https://far:8935")) {}
        #expect(remote.sent.map(\.stream) == [job.segment.stream])
        #expect(service.worked.withLock { $0.count } == 1)
    }

    @Test func theEndOfAStreamIsToldToBoth() async throws {
        let transport = CombinedTransport(embedded: InProcessTransport(service: service), remote: remote)
        let stream = try #require(StreamID("one"))
        await transport.end(stream)
        #expect(service.ended.withLock { $0 } == [SessionID("embedded-one")])
        #expect(remote.ended == [stream])
    }

    @Test func aWayThatIsNotThereIsSaid() async throws {
        let transport = CombinedTransport(embedded: nil, remote: nil)
        await #expect(throws: SegmentFailure(.unreachable, "no way to embedded")) {
            for try await _ in transport.send(try job("one"), to: .embedded) {}
        }
    }

    private func job(_ stream: String) throws -> SegmentJob {
        let segment = Segment(
            stream: try #require(StreamID(stream)), sequence: SegmentSequence(0), container: .mpegTS, bytes: ByteBuffer(string: "source"),
            start: .zero, duration: .seconds(2), startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 60, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: .now, cut: .now))
        return SegmentJob(segment: segment, profiles: [TranscodeProfile(name: "small", width: 640, height: 360, bitrate: 1_000_000)])
    }
}
