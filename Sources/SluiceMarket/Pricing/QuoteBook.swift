/// Quotes that were given and still hold. What is in here is honoured, whatever the price has become since.
package struct QuoteBook<Terms: Sendable>: Sendable {
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case unknown(String)
        case expired(String, seconds: Int64)

        package var description: String {
            switch self {
            case .unknown(let id): "there is no quote '\(id)', or it expired long ago; ask for a new one"
            case .expired(let id, let seconds): "quote '\(id)' expired \(seconds) s ago; ask for a new one"
            }
        }
    }

    private struct Entry: Sendable {
        var terms: Terms
        var until: Int64
    }

    /// Seconds for which an expired one is still known by name, so that its user hears why it is refused.
    private static var memory: Int64 { 600 }

    /// Quotes kept; when there are more, the one that ends first goes.
    package let capacity: Int
    private var entries: [String: Entry] = [:]
    /// In the order of giving; ends first what was given first, as all hold equally long.
    private var order: [String] = []
    private var first = 0

    package init(capacity: Int = 10_000) { self.capacity = max(1, capacity) }

    package var count: Int { entries.count }

    package mutating func give(_ terms: Terms, as id: String, until: Int64, at now: Int64) {
        forget(at: now)
        if entries.updateValue(Entry(terms: terms, until: until), forKey: id) == nil { order.append(id) }
    }

    package func terms(of id: String, at now: Int64) throws(Problem) -> (terms: Terms, until: Int64) {
        guard let entry = entries[id] else { throw .unknown(id) }
        guard now <= entry.until else { throw .expired(id, seconds: now - entry.until) }
        return (entry.terms, entry.until)
    }

    /// Whether it holds or not.
    package func latest(of id: String) -> Terms? { entries[id]?.terms }

    private mutating func forget(at now: Int64) {
        while first < order.count {
            let id = order[first]
            guard let entry = entries[id] else {
                first += 1
                continue
            }
            guard entries.count >= capacity || now > entry.until + Self.memory else { break }
            entries[id] = nil
            first += 1
        }
        if first > 1024, first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
    }
}
