package import SluiceTypes

/// Reads a feed from a thread of ours, which may wait for its bytes; any thread may end that wait.
package final class FeedReader: Sendable {
    private struct State {
        var isWoken = false
        var isCancelled = false
    }

    package let feed: SegmentFeed
    private let state = ThreadSignal(State())

    package init(_ feed: SegmentFeed) { self.feed = feed }

    package var isCancelled: Bool { state.change { $0.isCancelled } }

    /// Nobody wants the work any more: who waits goes on at once.
    package func cancel() { state.change { $0.isCancelled = true } }

    /// Blocks until there is something at this place.
    func next(at index: Int) -> SegmentFeed.Next {
        while !isCancelled {
            if let next = feed.next(at: index) { return next }
            let wish = feed.whenReady(at: index) { [state] in state.change { $0.isWoken = true } }
            state.wait { state -> Void? in
                guard state.isWoken || state.isCancelled else { return nil }
                state.isWoken = false
                return ()
            }
            feed.takeBack(wish)
        }
        return .abandoned(SegmentFailure(.cancelled, "transcoding was given up"))
    }
}
