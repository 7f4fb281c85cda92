import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite(.timeLimit(.minutes(1))) struct LiveVideoFeedsTests {
    @Test func whoIsSlowGoesOnWithTheNewest() async {
        let feeds = LiveVideoFeeds()
        feeds.opened(SegmentFeed())
        let first = await feeds.next(after: nil)
        #expect(first?.number == 0)
        for _ in 0..<3 { feeds.opened(SegmentFeed()) }
        let next = await feeds.next(after: first?.number)
        #expect(next?.number == 3)
        // A new worker begins with the newest as well.
        let again = await feeds.next(after: nil)
        #expect(again?.number == 3 && again?.feed === next?.feed)
    }

    @Test func whoWaitsIsToldOfTheNextAndOfTheEnd() async {
        let feeds = LiveVideoFeeds()
        async let waited = feeds.next(after: nil)
        feeds.opened(SegmentFeed())
        #expect(await waited?.number == 0)
        async let ended = feeds.next(after: 0)
        feeds.end()
        #expect(await ended?.number == nil)
        // What was open at the end may still be had.
        #expect(await feeds.next(after: nil)?.number == 0)
        // A publisher that goes on after a stop keeps nobody busy.
        feeds.opened(SegmentFeed())
        #expect(await feeds.next(after: 0)?.number == nil)
    }

    @Test func aCancelledWaitReturns() async {
        let feeds = LiveVideoFeeds()
        let task = Task { await feeds.next(after: nil)?.number }
        task.cancel()
        #expect(await task.value == nil)
    }
}
