/// What is due next: a binary heap. What is due at the same moment comes out in the order in which it was put in, so that one seed
/// gives one run.
struct EventQueue<Due: Comparable, Event> {
    fileprivate struct Entry {
        var due: Due
        var order: UInt64
        var event: Event

        @inline(__always) func isBefore(_ other: Entry) -> Bool {
            due != other.due ? due < other.due : order < other.order
        }
    }

    private var entries: [Entry] = []
    private var inserted: UInt64 = 0

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    var first: (due: Due, event: Event)? { entries.first.map { ($0.due, $0.event) } }

    mutating func insert(_ event: Event, at due: Due) {
        inserted += 1
        entries.append(Entry(due: due, order: inserted, event: event))
        rise(from: entries.count - 1)
    }

    mutating func popFirst() -> (due: Due, event: Event)? {
        guard let last = entries.popLast() else { return nil }
        guard let first = entries.first else { return (last.due, last.event) }
        entries[0] = last
        sink(from: 0)
        return (first.due, first.event)
    }

    /// In time that grows with the size of the queue.
    mutating func removeAll(where isUnwanted: (Event) -> Bool) {
        entries.removeAll { isUnwanted($0.event) }
        for place in stride(from: entries.count / 2 - 1, through: 0, by: -1) { sink(from: place) }
    }

    private mutating func rise(from start: Int) {
        var place = start
        let entry = entries[place]
        while place > 0 {
            let parent = (place - 1) / 2
            guard entry.isBefore(entries[parent]) else { break }
            entries[place] = entries[parent]
            place = parent
        }
        entries[place] = entry
    }

    private mutating func sink(from start: Int) {
        var place = start
        let entry = entries[place]
        while true {
            var child = 2 * place + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1].isBefore(entries[child]) { child += 1 }
            guard entries[child].isBefore(entry) else { break }
            entries[place] = entries[child]
            place = child
        }
        entries[place] = entry
    }
}

extension EventQueue: Sendable where Due: Sendable, Event: Sendable {}
extension EventQueue.Entry: Sendable where Due: Sendable, Event: Sendable {}

/// First in, first out, without moving the rest at each step.
struct FIFO<Element> {
    /// Below this many spent places it is not worth closing the gap.
    private static var slack: Int { 32 }

    private var elements: [Element] = []
    private var head = 0

    init() {}

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            head += 1
            if head == elements.count {
                removeAll()
            } else if head > Self.slack, head * 2 > elements.count {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }

    mutating func removeAll() {
        elements.removeAll(keepingCapacity: true)
        head = 0
    }
}

extension FIFO: Sendable where Element: Sendable {}
