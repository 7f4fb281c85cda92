import NIOCore
import SluiceTypes
import Synchronization
import Testing

@Suite struct SegmentFeedTests {
    private let hash = [UInt8](repeating: 7, count: 32)

    @Test func everyReaderGetsEveryByteWheneverItCame() async throws {
        let feed = SegmentFeed()
        feed.append(ByteBuffer(string: "one "))
        async let early = Self.text(of: feed)
        feed.append(ByteBuffer(string: "two "))
        feed.append(ByteBuffer(string: "three"))
        feed.append(ByteBuffer())
        async let middle = Self.text(of: feed)
        feed.finish(hash: hash)
        async let late = Self.text(of: feed)
        for text in try await [early, middle, late] { #expect(text == "one two three") }
        #expect(feed.size == 13)
        #expect(feed.hash == hash)
    }

    @Test func anAbandonedFeedFailsEvenThoseWhoHaveNotReadItAll() async throws {
        let feed = SegmentFeed()
        feed.append(ByteBuffer(string: "one"))
        var reader = feed.pieces().makeAsyncIterator()
        _ = try await reader.next()
        let second = Task { try await Self.text(of: feed) }
        let why = SegmentFailure(.unreachable, "the publisher left")
        feed.abandon(why)
        await #expect(throws: why) { _ = try await second.value }
        await #expect(throws: why) { try await Self.text(of: feed) }
        #expect(!feed.append(ByteBuffer(string: "more")))
        feed.finish(hash: hash)
        #expect(feed.hash == nil)
    }

    @Test func moreThanTheLimitAbandonsIt() async throws {
        let feed = SegmentFeed(limit: 5)
        #expect(feed.append(ByteBuffer(string: "12345")))
        #expect(!feed.append(ByteBuffer(string: "6")))
        guard case .abandoned(let failure) = feed.next(at: 0) else { throw SegmentFailure(.refused, "not abandoned") }
        #expect(failure.reason == .mediaUnusable)
        #expect(feed.size == 5)
    }

    @Test func aReaderThatIsCancelledWaitsNoLonger() async throws {
        let feed = SegmentFeed()
        let reader = Task { try await Self.text(of: feed) }
        reader.cancel()
        await #expect(throws: CancellationError.self) { _ = try await reader.value }
        feed.append(ByteBuffer(string: "nobody reads this"))
    }

    @Test func aWishIsFulfilledOnceByWhatItWaitsForOrTakenBack() {
        let feed = SegmentFeed()
        let calls = Mutex<[String]>([])
        @Sendable func note(_ name: String) { calls.withLock { $0.append(name) } }
        _ = feed.whenReady(at: 0) { note("first") }
        _ = feed.whenReady(at: 1) { note("second") }
        _ = feed.whenReady(at: .max) { note("end") }
        let idle = feed.whenReady(at: 5) { note("taken back") }
        feed.append(ByteBuffer(string: "1"))
        #expect(calls.withLock { $0 } == ["first"])
        feed.takeBack(idle)
        feed.takeBack(idle)
        feed.append(ByteBuffer(string: "2"))
        feed.finish(hash: hash)
        feed.abandon()
        #expect(calls.withLock { $0 } == ["first", "taken back", "second", "end"])
        _ = feed.whenReady(at: 0) { note("at once") }
        #expect(calls.withLock { $0 }.last == "at once")
    }

    private static func text(of feed: SegmentFeed) async throws -> String {
        var text = ""
        for try await piece in feed.pieces() { text += String(buffer: piece) }
        return text
    }
}
