import Logging
import NIOCore
import SluiceMedia
import SluiceOrchestrator
import SluiceTesting
import SluiceTypes
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamedOrchestratorTests {
    private typealias Events = AsyncThrowingStream<SegmentEvent, any Error>

    private let executor = MediaExecutor(width: 1)
    private let profiles = [TranscodeProfile(name: "P144", width: 256, height: 144, bitrate: 300_000)]

    /// The segment without its last packet, and that.
    private static func source() throws -> (most: ByteBuffer, rest: ByteBuffer, hash: [UInt8]) {
        let whole = try Fixture.bytes("media/av360p-3segments-0.ts")
        var rest = whole
        let most = rest.readSlice(length: whole.readableBytes - 188)
        return (try #require(most), rest, Keccak256.hash(whole))
    }

    @Test func sessionsStreamSideBySideWhateverTheThreadsAreDoing() async throws {
        let orchestrator = make()
        let (most, rest, hash) = try Self.source()
        // The only thread that all share is busy throughout.
        let hold = ThreadHold(executor)
        let feeds = [SegmentFeed(), SegmentFeed(), SegmentFeed()]
        var all: [(SegmentFeed, Events.AsyncIterator)] = []
        for (number, feed) in feeds.enumerated() {
            feed.append(most)
            all.append((feed, orchestrator.transcode(try job(feed), in: SessionID("\(number)")).makeAsyncIterator()))
        }
        // Each gives pictures while none has ended.
        for index in all.indices {
            guard case .accepted = try await all[index].1.next(), case .renditionBytes = try await all[index].1.next() else {
                Issue.record("session \(index) gives nothing")
                return
            }
        }
        for index in all.indices {
            all[index].0.append(rest)
            all[index].0.finish(hash: hash)
            var kinds: [String] = []
            while let event = try await all[index].1.next() {
                switch event {
                case .renditionComplete(_, let facts):
                    #expect(facts.pixels > 0)
                    kinds.append("complete")
                case .finished: kinds.append("finished")
                default: break
                }
            }
            #expect(kinds == ["complete", "finished"])
        }
        hold.release()
        #expect(orchestrator.status.done == 3)
        #expect(orchestrator.status.pendingSegments == 0)
    }

    @Test func whoStopsIteratingFreesThePlaceOfOneThatGetsNoMoreBytes() async throws {
        let orchestrator = make(.init(maxSessions: 1, queuedSegments: 0))
        let feed = SegmentFeed()
        feed.append(try Self.source().most)
        for try await event in orchestrator.transcode(try job(feed), in: SessionID("a")) {
            if case .renditionBytes = event { break }
        }
        // The lane works in order, and has room only when the first is done.
        while orchestrator.status.failed == 0 { await Task.yield() }
        let whole = SegmentFeed()
        whole.append(try Fixture.bytes("media/av360p-3segments-0.ts"))
        whole.finish(hash: [])
        for try await _ in orchestrator.transcode(try job(whole), in: SessionID("a")) {}
        #expect(orchestrator.status.done == 1)
    }

    @Test func theEndOfASessionEndsWhatItStreams() async throws {
        let orchestrator = make()
        let feed = SegmentFeed()
        feed.append(try Self.source().most)
        var events = orchestrator.transcode(try job(feed), in: SessionID("a")).makeAsyncIterator()
        _ = try await events.next()
        await orchestrator.end(SessionID("a"))
        let failure = await #expect(throws: SegmentFailure.self) {
            while try await events.next() != nil {}
        }
        #expect(failure?.reason == .cancelled)
    }

    @Test func anAbandonedFeedIsItsFailure() async throws {
        let orchestrator = make()
        let feed = SegmentFeed()
        feed.append(try Self.source().most)
        let why = SegmentFailure(.unreachable, "the publisher left")
        await #expect(throws: why) {
            for try await event in orchestrator.transcode(try job(feed), in: SessionID("a")) {
                if case .renditionBytes = event { feed.abandon(why) }
            }
        }
        #expect(orchestrator.status.failed == 1)
    }

    private func make(_ admission: Admission.Settings = .init()) -> Orchestrator {
        Orchestrator(
            settings: .init(admission: admission, transcode: .init(preset: "ultrafast", encoder: .x264)), executor: executor,
            registry: MetricRegistry(), logger: Logger(label: "test"))
    }

    private func job(_ feed: SegmentFeed) throws -> StreamedJob {
        StreamedJob(
            stream: try #require(StreamID("stream")), sequence: SegmentSequence(0), profiles: profiles, feed: feed,
            expectedDuration: .seconds(2))
    }
}
