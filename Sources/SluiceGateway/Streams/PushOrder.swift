/// The order of one pushed stream: by number, where each waits a little for the ones before it, as pushers send several at once.
///
/// Pure: time comes in, what may go on comes out. Every item that entered comes out once.
struct PushOrder<Item, Instant: InstantProtocol> where Instant.Duration == Duration {
    enum Entry: Hashable {
        /// See `ready`. What is still held at this time goes on without those before it: call `expire` then.
        case entered(until: Instant)
        /// Behind the newest that went on, or the same number is here already.
        case stale(newest: Int64)
    }

    private struct Held {
        var number: Int64
        var item: Item
        var until: Instant
    }

    private let patience: Duration
    private let most: Int
    private var held: [Held] = []
    /// The number whose turn it is; before the first one it is not known where a stream begins, save that none begins below 0.
    private var next: Int64?

    /// - Parameters:
    ///   - patience: how long an item waits for those before it.
    ///   - most: items held; one more, and the lowest goes on.
    init(patience: Duration, most: Int) {
        self.patience = patience
        self.most = most
    }

    var isHolding: Bool { !held.isEmpty }

    func isPast(_ number: Int64) -> Bool { next.map { number < $0 } ?? false }

    mutating func enter(_ number: Int64, _ item: Item, at now: Instant) -> Entry {
        if let next, number < next { return .stale(newest: next - 1) }
        guard !held.contains(where: { $0.number == number }) else { return .stale(newest: number) }
        let until = now.advanced(by: patience)
        let place = held.firstIndex { $0.number > number } ?? held.endIndex
        held.insert(Held(number: number, item: item, until: until), at: place)
        return .entered(until: until)
    }

    /// The item has waited long enough, or nobody waits with it. Ask for what is `ready` then.
    mutating func expire(_ number: Int64, at now: Instant) {
        guard let index = held.firstIndex(where: { $0.number == number }) else { return }
        held[index].until = min(held[index].until, now)
    }

    /// What may go on now, in order.
    mutating func ready(at now: Instant) -> [(number: Int64, item: Item)] {
        var ready: [(number: Int64, item: Item)] = []
        while let lowest = held.first {
            // One whose patience is over takes all below it along.
            guard lowest.number == next ?? 0 || held.count > most || held.contains(where: { $0.until <= now }) else { break }
            held.removeFirst()
            next = lowest.number + 1
            ready.append((lowest.number, lowest.item))
        }
        return ready
    }
}
