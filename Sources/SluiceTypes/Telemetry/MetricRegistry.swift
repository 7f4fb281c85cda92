import Synchronization

/// All metrics of a process, and their Prometheus text (exposition format 0.0.4).
///
/// Metrics are made once, at start, each under its own name; asking for a name again gives another series only with other labels.
package final class MetricRegistry: Sendable {
    private enum Kind: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case share(ShareGauge)
        case histogram(Histogram)

        var typeName: String {
            switch self {
            case .counter: "counter"
            case .gauge, .share: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Series: Sendable {
        var name: String
        var help: String
        /// As in a line, escaped, without the braces: a scrape of a thousand lines has no time to make it anew.
        var labels: String
        var kind: Kind
    }

    private let series: Mutex<[Series]> = Mutex([])

    package init() {}

    package func counter(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter {
        add(Counter(), name, help, Self.pairs(labels), Kind.counter)
    }

    package func gauge(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
        add(Gauge(), name, help, Self.pairs(labels), Kind.gauge)
    }

    package func share(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> ShareGauge {
        add(ShareGauge(), name, help, Self.pairs(labels), Kind.share)
    }

    package func histogram(
        _ name: String, help: String, buckets: [Double], labels: KeyValuePairs<String, String> = [:]
    ) -> Histogram {
        add(Histogram(buckets: buckets), name, help, Self.pairs(labels), Kind.histogram)
    }

    /// - Parameters:
    ///   - labels: names of the labels whose values are given with each use.
    ///   - fixed: labels that every series of the family has.
    package func counters(
        _ name: String, help: String, labels: [String], fixed: KeyValuePairs<String, String> = [:]
    ) -> MetricFamily<Counter> {
        let fixed = Self.pairs(fixed)
        return MetricFamily(labels: labels) { self.add(Counter(), name, help, fixed + $0, Kind.counter) }
    }

    /// As `counters`.
    package func gauges(_ name: String, help: String, labels: [String]) -> MetricFamily<Gauge> {
        MetricFamily(labels: labels) { self.add(Gauge(), name, help, $0, Kind.gauge) }
    }

    /// As `counters`.
    package func histograms(
        _ name: String, help: String, buckets: [Double], labels: [String], fixed: KeyValuePairs<String, String> = [:]
    ) -> MetricFamily<Histogram> {
        let fixed = Self.pairs(fixed)
        return MetricFamily(labels: labels) { self.add(Histogram(buckets: buckets), name, help, fixed + $0, Kind.histogram) }
    }

    package func render() -> String {
        let all = series.withLock { $0 }
        var text = ""
        var headed: Set<String> = []
        for one in all {
            if headed.insert(one.name).inserted {
                text += "# HELP \(one.name) \(Self.escapeHelp(one.help))\n# TYPE \(one.name) \(one.kind.typeName)\n"
            }
            switch one.kind {
            case .counter(let counter): Self.write(one.name, "", one.labels, "\(counter.value)", to: &text)
            case .gauge(let gauge): Self.write(one.name, "", one.labels, "\(gauge.value)", to: &text)
            case .share(let gauge): Self.write(one.name, "", one.labels, "\(gauge.value)", to: &text)
            case .histogram(let histogram):
                let snapshot = histogram.snapshot
                for (place, count) in snapshot.cumulative.enumerated() {
                    let bound = place < histogram.bounds.count ? "\(histogram.bounds[place])" : "+Inf"
                    let comma = one.labels.isEmpty ? "" : ","
                    Self.write(one.name, "_bucket", "\(one.labels)\(comma)le=\"\(bound)\"", "\(count)", to: &text)
                }
                Self.write(one.name, "_sum", one.labels, "\(snapshot.sum)", to: &text)
                Self.write(one.name, "_count", one.labels, "\(snapshot.count)", to: &text)
            }
        }
        return text
    }

    private static func pairs(_ labels: KeyValuePairs<String, String>) -> [(String, String)] { labels.map { ($0.key, $0.value) } }

    private func add<Metric: Sendable>(
        _ metric: Metric, _ name: String, _ help: String, _ labels: [(String, String)], _ kind: (Metric) -> Kind
    ) -> Metric {
        let kind = kind(metric)
        series.withLock { series in
            // The format wants all lines of one name together.
            let place = series.lastIndex { $0.name == name }.map { $0 + 1 } ?? series.endIndex
            series.insert(Series(name: name, help: help, labels: Self.labels(labels), kind: kind), at: place)
        }
        return metric
    }

    private static func write(_ name: String, _ suffix: String, _ labels: String, _ value: String, to text: inout String) {
        text += name
        text += suffix
        if !labels.isEmpty {
            text += "{"
            text += labels
            text += "}"
        }
        text += " "
        text += value
        text += "\n"
    }

    private static func labels(_ labels: [(String, String)]) -> String {
        labels.map { "\($0.0)=\"\(escapeLabel($0.1))\"" }.joined(separator: ",")
    }

    private static func escapeHelp(_ text: String) -> String {
        text.map { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : String($0) }.joined()
    }

    private static func escapeLabel(_ text: String) -> String {
        text.map { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : $0 == "\"" ? "\\\"" : String($0) }.joined()
    }
}
