import Synchronization

/// All metrics of a process, and their Prometheus text (exposition format 0.0.4).
///
/// Metrics are made once, at start, each under its own name; asking for a name again gives another series only with other labels.
package final class MetricRegistry: Sendable {
    private enum Kind: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)

        var typeName: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Series: Sendable {
        var name: String
        var help: String
        var labels: [(String, String)]
        var kind: Kind
    }

    private let series: Mutex<[Series]> = Mutex([])

    package init() {}

    package func counter(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter {
        let counter = Counter()
        add(name, help, labels, .counter(counter))
        return counter
    }

    package func gauge(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
        let gauge = Gauge()
        add(name, help, labels, .gauge(gauge))
        return gauge
    }

    package func histogram(
        _ name: String, help: String, buckets: [Double], labels: KeyValuePairs<String, String> = [:]
    ) -> Histogram {
        let histogram = Histogram(buckets: buckets)
        add(name, help, labels, .histogram(histogram))
        return histogram
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
            case .counter(let counter): text += "\(one.name)\(Self.labels(one.labels)) \(counter.value)\n"
            case .gauge(let gauge): text += "\(one.name)\(Self.labels(one.labels)) \(gauge.value)\n"
            case .histogram(let histogram):
                let snapshot = histogram.snapshot
                let bounds = histogram.bounds.map { "\($0)" } + ["+Inf"]
                for (bound, count) in zip(bounds, snapshot.cumulative) {
                    text += "\(one.name)_bucket\(Self.labels(one.labels + [("le", bound)])) \(count)\n"
                }
                text += "\(one.name)_sum\(Self.labels(one.labels)) \(snapshot.sum)\n"
                text += "\(one.name)_count\(Self.labels(one.labels)) \(snapshot.count)\n"
            }
        }
        return text
    }

    private func add(_ name: String, _ help: String, _ labels: KeyValuePairs<String, String>, _ kind: Kind) {
        let labels = labels.map { ($0.key, $0.value) }
        series.withLock { series in
            // The format wants all lines of one name together.
            let place = series.lastIndex { $0.name == name }.map { $0 + 1 } ?? series.endIndex
            series.insert(Series(name: name, help: help, labels: labels, kind: kind), at: place)
        }
    }

    private static func labels(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.0)=\"\(escapeLabel($0.1))\"" }.joined(separator: ",") + "}"
    }

    private static func escapeHelp(_ text: String) -> String {
        text.map { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : String($0) }.joined()
    }

    private static func escapeLabel(_ text: String) -> String {
        text.map { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : $0 == "\"" ? "\\\"" : String($0) }.joined()
    }
}
