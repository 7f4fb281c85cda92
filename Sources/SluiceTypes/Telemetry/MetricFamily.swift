import Synchronization

/// Metrics of one name whose label values are known only when they occur.
package final class MetricFamily<Metric: Sendable>: Sendable {
    /// Label sets kept of one name; further ones are counted together, every label `other`, so that a scrape stays small.
    package static var mostSeries: Int { 200 }

    private let labels: [String]
    private let make: @Sendable ([(String, String)]) -> Metric
    private let known: Mutex<[[String]: Metric]> = Mutex([:])

    init(labels: [String], make: @escaping @Sendable ([(String, String)]) -> Metric) {
        self.labels = labels
        self.make = make
    }

    /// - Parameter values: one for each label, in their order.
    package subscript(_ values: String...) -> Metric {
        precondition(values.count == labels.count, "\(labels.count) labels want as many values")
        return known.withLock { known in
            if let metric = known[values] { return metric }
            let isFull = known.count >= Self.mostSeries
            let key = isFull ? labels.map { _ in "other" } : values
            if let other = known[key] { return other }
            let fresh = make(Array(zip(labels, key)))
            known[key] = fresh
            return fresh
        }
    }
}
