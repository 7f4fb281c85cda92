import NIOCore
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceGateway

@Suite struct LiveVideoOutputTests {
    /// What was done to a stream, in order.
    private final class Publishing: Publication, Sendable {
        struct Happened: Sendable {
            var packets: [EncodedPacket] = []
            var sizes: [Int] = []
            var interruptions = 0
            var isLost: Bool?
        }

        private final class Sink: PacketSink {
            let publishing: Publishing
            init(_ publishing: Publishing) { self.publishing = publishing }
            func configure(video: VideoParameters) { publishing.note { $0.sizes.append(video.width) } }
            func configure(audio: AudioParameters) { publishing.note { $0.sizes.append(audio.sampleRate) } }
            func consume(_ packet: EncodedPacket) { publishing.note { $0.packets.append(packet) } }
            func interrupt() { publishing.note { $0.interruptions += 1 } }
            func finish() { publishing.note { $0.isLost = false } }
            func lose() { publishing.note { $0.isLost = true } }
        }

        private let state = Mutex(Happened())
        var happened: Happened { state.withLock { $0 } }
        let stream: StreamID
        let key: String? = nil

        init() throws { stream = try #require(StreamID("cam-out")) }
        func note(_ change: (inout Happened) -> Void) { state.withLock { change(&$0) } }
        func makeSink() -> any PacketSink { Sink(self) }
    }

    private func segment() throws -> ByteBuffer {
        try Fixture.bytes("media/av720p30gop2s.ts")
    }

    @Test func piecesBecomePicturesWithTheirSize() async throws {
        let publishing = try Publishing()
        let output = LiveVideoOutput(publishing)
        await output.join()
        var bytes = try segment()
        while let piece = bytes.readSlice(length: min(7_000, bytes.readableBytes)), piece.readableBytes > 0 {
            _ = try await output.take(piece)
        }
        try await output.end()
        await output.finish(isLost: false)
        let happened = publishing.happened
        #expect(happened.packets.count { $0.track == .video } == 60)
        #expect(await output.frames == 60)
        #expect(happened.sizes.first == 1280 && happened.sizes.contains(48_000))
        #expect(happened.packets.first?.isKey == true && happened.interruptions == 0 && happened.isLost == false)
    }

    /// A worker that begins again with the segment the last one had: what was shown is not shown twice.
    @Test func anotherWorkerGoesOnBehindWhatWasShown() async throws {
        let publishing = try Publishing()
        let output = LiveVideoOutput(publishing)
        await output.join()
        _ = try await output.take(try segment())
        let before = await output.frames
        #expect(before > 50)
        await output.join()
        _ = try await output.take(try segment())
        #expect(await output.frames == before)
        #expect(publishing.happened.interruptions == 1)
        await output.finish(isLost: true)
        #expect(publishing.happened.isLost == true)
    }

    @Test func whatIsNoTransportStreamIsSaid() async throws {
        let output = LiveVideoOutput(try Publishing())
        await #expect(throws: (any Error).self) { try await output.take(ByteBuffer(repeating: 7, count: 1000)) }
        // The next segment is none the worse for it.
        await output.begin()
        #expect(try await output.take(try segment()) > 50)
    }
}
