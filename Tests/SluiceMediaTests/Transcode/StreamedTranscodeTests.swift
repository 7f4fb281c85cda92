import NIOCore
import SluiceMedia
import SluiceTypes
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamedTranscodeTests {
    private static let profiles = [TranscodeSessionTests.small, TranscodeSessionTests.medium]

    /// What a session has told of one segment.
    private final class Heard: Sendable {
        private let state = Mutex<(bytes: [ByteBuffer], pieces: [Int], pixels: [Int64?])>(([], [], []))
        let first = AsyncStream.makeStream(of: Void.self)

        init(renditions: Int) {
            state.withLock {
                $0 = (
                    Array(repeating: ByteBuffer(), count: renditions), Array(repeating: 0, count: renditions),
                    Array(repeating: nil, count: renditions)
                )
            }
        }

        var bytes: [ByteBuffer] { state.withLock { $0.bytes } }
        var pieces: [Int] { state.withLock { $0.pieces } }
        var pixels: [Int64?] { state.withLock { $0.pixels } }

        func take(_ event: SegmentEvent) {
            state.withLock { state in
                switch event {
                case .renditionBytes(let index, let bytes):
                    #expect(state.pixels[index] == nil)
                    state.bytes[index].writeImmutableBuffer(bytes)
                    state.pieces[index] += 1
                case .renditionComplete(let index, let facts): state.pixels[index] = facts.pixels
                default: Issue.record("\(event)")
                }
            }
            first.continuation.finish()
        }
    }

    /// The session belongs to one thread at a time, whichever: here to the executor's only one.
    private final class Worker: @unchecked Sendable {
        let session = TranscodeSession(settings: .init(preset: "ultrafast", encoder: .x264))
        let executor = MediaExecutor(width: 1)

        func run(_ job: StreamedJob, _ reader: FeedReader, _ heard: Heard) async throws {
            try await executor.run { try self.session.transcode(job, from: reader) { heard.take($0) } }
        }

        deinit { executor.shutdown() }
    }

    private static func job(
        _ feed: SegmentFeed, _ profiles: [TranscodeProfile] = profiles, keyFrameAfter: [Int64?] = []
    ) throws -> StreamedJob {
        StreamedJob(
            stream: try #require(StreamID("test")), sequence: SegmentSequence(0), profiles: profiles, feed: feed,
            expectedDuration: .seconds(2), keyFrameAfter: keyFrameAfter)
    }

    private static func pieces(_ bytes: ByteBuffer, of size: Int) -> [ByteBuffer] {
        var bytes = bytes
        var pieces: [ByteBuffer] = []
        while bytes.readableBytes > 0, let piece = bytes.readSlice(length: min(size, bytes.readableBytes)) { pieces.append(piece) }
        return pieces
    }

    @Test(arguments: ["av720p30gop2s.ts", "bframes.ts", "hevc.ts"])
    func inPiecesItGivesTheSamePicturesAtTheSameTimes(file: String) async throws {
        let source = try Fixture.bytes(file)
        let original = try Probe(source)
        let feed = SegmentFeed()
        let heard = Heard(renditions: 2)
        let worker = Worker()
        let job = try Self.job(feed)
        async let done: Void = worker.run(job, FeedReader(feed), heard)
        let pieces = Self.pieces(source, of: 1000)
        for piece in pieces.dropLast() { feed.append(piece) }
        // Renditions come while the source's end is still missing.
        for await _ in heard.first.stream {}
        #expect(heard.pixels == [nil, nil])
        feed.append(try #require(pieces.last))
        feed.finish(hash: Keccak256.hash(source))
        try await done
        for (index, profile) in Self.profiles.enumerated() {
            let probe = try Probe(heard.bytes[index])
            #expect(probe.videoCodec == "h264")
            #expect(probe.width == profile.width && probe.height == profile.height)
            #expect(probe.video.map(\.pts) == original.video.map(\.pts).sorted())
            #expect(probe.video.first?.isKey == true)
            #expect(probe.audioCodec == original.audioCodec)
            #expect(probe.audio.map(\.pts) == original.audio.map(\.pts))
            #expect(heard.pixels[index] == Int64(original.video.count * profile.width * profile.height))
            #expect(heard.pieces[index] >= original.video.count)
        }
    }

    @Test func aRenditionBeginsAnewWhereItIsWishedFor() async throws {
        let source = try Fixture.bytes("av720p30gop2s.ts")
        let times = try Probe(source).video.map(\.pts)
        let feed = SegmentFeed()
        feed.append(source)
        feed.finish(hash: Keccak256.hash(source))
        let heard = Heard(renditions: 2)
        try await Worker().run(try Self.job(feed, keyFrameAfter: [times[20], nil]), FeedReader(feed), heard)
        let keys = try heard.bytes.map { try Probe($0).video.enumerated().filter(\.element.isKey).map(\.offset) }
        #expect(keys == [[0, 21], [0]])
    }

    @Test func streamedAndWholeSegmentsFollowOneAnother() async throws {
        let worker = Worker()
        for number in 0..<3 {
            let name = "av360p-3segments-\(number).ts"
            let source = try Fixture.bytes(name)
            let original = try Probe(source)
            let made: ByteBuffer
            if number == 1 {
                let job = SegmentJob(segment: try Fixture.segment(name, sequence: 1), profiles: [TranscodeSessionTests.small])
                made = try await worker.executor.run {
                    var bytes = ByteBuffer()
                    try worker.session.transcode(job, isCancelled: { false }) {
                        bytes = $1; _ = ($0, $2)
                    }
                    return bytes
                }
            } else {
                let feed = SegmentFeed()
                feed.append(source)
                feed.finish(hash: [])
                let heard = Heard(renditions: 1)
                try await worker.run(try Self.job(feed, [TranscodeSessionTests.small]), FeedReader(feed), heard)
                made = heard.bytes[0]
            }
            let probe = try Probe(made)
            #expect(probe.video.map(\.pts) == original.video.map(\.pts).sorted(), "segment \(number)")
            #expect(probe.video.first?.isKey == true, "segment \(number)")
        }
    }

    @Test func soundAloneIsPassedOn() async throws {
        let source = try Fixture.bytes("audio-only.ts")
        let feed = SegmentFeed()
        for piece in Self.pieces(source, of: 5000) { feed.append(piece) }
        feed.finish(hash: [])
        let heard = Heard(renditions: 2)
        try await Worker().run(try Self.job(feed), FeedReader(feed), heard)
        #expect(heard.bytes == [source, source])
        #expect(heard.pixels == [0, 0])
    }

    @Test func anAbandonedFeedAndACancelledReaderEndTheWorkWhereverItIs() async throws {
        let source = try Fixture.bytes("av720p30gop2s.ts")
        let worker = Worker()
        for part in [0, 1000, source.readableBytes / 2] {
            let why = SegmentFailure(.unreachable, "the publisher left")
            let feed = SegmentFeed()
            let heard = Heard(renditions: 2)
            let job = try Self.job(feed)
            let work = Task { try await worker.run(job, FeedReader(feed), heard) }
            feed.append(source.getSlice(at: source.readerIndex, length: part) ?? ByteBuffer())
            feed.abandon(why)
            await #expect(throws: why) { try await work.value }

            let other = SegmentFeed()
            other.append(source.getSlice(at: source.readerIndex, length: part) ?? ByteBuffer())
            let reader = FeedReader(other)
            let second = try Self.job(other)
            let cancelled = Task { try await worker.run(second, reader, Heard(renditions: 2)) }
            reader.cancel()
            let failure = await #expect(throws: SegmentFailure.self) { try await cancelled.value }
            #expect(failure?.reason == .cancelled)
        }
        // And the session goes on.
        let feed = SegmentFeed()
        feed.append(source)
        feed.finish(hash: [])
        let heard = Heard(renditions: 2)
        try await worker.run(try Self.job(feed), FeedReader(feed), heard)
        #expect(heard.pixels.allSatisfy { $0 != nil })
    }

    @Test func whatIsNoTransportStreamIsHopeless() async throws {
        for bytes in [ByteBuffer(), ByteBuffer(repeating: 7, count: 100_000), try Fixture.bytes("frag.mp4")] {
            let feed = SegmentFeed()
            feed.append(bytes)
            feed.finish(hash: [])
            let failure = await #expect(throws: SegmentFailure.self) {
                try await Worker().run(try Self.job(feed), FeedReader(feed), Heard(renditions: 2))
            }
            #expect(failure?.reason == .mediaUnusable)
        }
    }

    @Test func renditionsInAnotherContainerAreNotStreamed() async throws {
        var profile = TranscodeSessionTests.small
        profile.container = .mp4
        let failure = await #expect(throws: SegmentFailure.self) {
            let feed = SegmentFeed()
            try await Worker().run(try Self.job(feed, [profile]), FeedReader(feed), Heard(renditions: 1))
        }
        #expect(failure == SegmentFailure(.mediaUnusable, "TranscoderUnrecognizedFormat"))
    }
}
