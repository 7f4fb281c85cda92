import NIOCore
import NIOPosix
import SluiceTypes
import Testing

@testable import SluiceNetwork

/// A transport with one scripted orchestrator.
struct TransportHarness: Sendable {
    let transport: LivepeerTransport
    let id: OrchestratorID

    /// - Parameter patience: how long each step may take; short where it will not be taken anyway.
    static func running(
        _ peer: ScriptedPeer, patience: Duration = .seconds(40), _ body: (TransportHarness) async throws -> Void
    ) async throws {
        try await TestServer.serving(peer) { server in
            var clocks = LivepeerTransport.Clocks()
            clocks.header = patience
            clocks.call = patience
            clocks.download = patience
            clocks.answer = .seconds(40)
            let transport = try LivepeerTransport(
                addresses: ["127.0.0.1:\(server.port)"], clocks: clocks, group: MultiThreadedEventLoopGroup.singleton,
                logger: TestServer.quiet)
            let id = try #require(transport.entries.first?.id)
            try await body(TransportHarness(transport: transport, id: id))
        }
    }

    /// The places of the renditions that came whole, and why not all did.
    func send(_ sequence: Int64 = 0, of stream: String = "stream") async throws -> (complete: Set<Int>, failure: SegmentFailure?) {
        var complete: Set<Int> = []
        do {
            for try await event in transport.send(try Self.job(sequence, of: stream), to: id) {
                if case .renditionComplete(let index, _) = event { complete.insert(index) }
            }
            return (complete, nil)
        } catch let failure as SegmentFailure {
            return (complete, failure)
        }
    }

    func succeed(_ sequence: Int = 0, of stream: String = "stream") async throws {
        let outcome = try await send(Int64(sequence), of: stream)
        #expect(outcome.complete == [0, 1] && outcome.failure == nil, "\(String(describing: outcome.failure))")
    }

    static func job(_ sequence: Int64 = 0, of stream: String = "stream") throws -> SegmentJob {
        let now = ContinuousClock.now
        let segment = Segment(
            stream: try #require(StreamID(stream)), sequence: SegmentSequence(sequence), container: .mpegTS,
            bytes: ByteBuffer(repeating: 2, count: 1000), start: .zero, duration: .milliseconds(10),
            startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 1, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: now, cut: now))
        let profiles = ["p", "q"].map { TranscodeProfile(name: $0, width: 320, height: 180, bitrate: 1000) }
        return SegmentJob(segment: segment, profiles: profiles)
    }
}
