import NIOCore
import Synchronization

/// One who listens to an `EventFeed`, and what is owed to him. However long he takes nothing, or is there, it is no more than some events and
/// one overview: the newest stands for all before it.
final class EventListening: Sendable {
    /// Events owed to one who is slow; past it the oldest are left out, which their numbers show.
    static let mostOwed = 1024

    private struct Owed {
        var events: [EventFeed.Event] = []
        var overview: ByteBuffer?
        var hasTick = false
    }

    let wantsOverview: Bool
    /// An element when there is something to `take`; ends with the listening.
    let news: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let owed = Mutex(Owed())

    init(wantsOverview: Bool) {
        self.wantsOverview = wantsOverview
        (news, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// All that is owed, the events in their order before the overview.
    func take() -> [EventFeed.Item] {
        let owed = owed.withLock { owed in
            defer { owed = Owed() }
            return owed
        }
        var items = owed.events.map(EventFeed.Item.event)
        if let overview = owed.overview { items.append(.overview(overview)) }
        if owed.hasTick { items.append(.tick) }
        return items
    }

    func put(_ event: EventFeed.Event) {
        owed.withLock { owed in
            if owed.events.count == Self.mostOwed { owed.events.removeFirst() }
            owed.events.append(event)
        }
        signal.yield()
    }

    /// A second has passed.
    func tick(_ overview: ByteBuffer?) {
        owed.withLock { owed in
            if let overview { owed.overview = overview } else { owed.hasTick = true }
        }
        signal.yield()
    }

    func end() { signal.finish() }
}
