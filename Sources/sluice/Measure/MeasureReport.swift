import Foundation

/// What a measurement came to, for people and as JSON.
struct MeasureReport: Encodable, Sendable {
    /// Milliseconds.
    struct Ages: Encodable, Sendable {
        let count: UInt64
        let p50: Double
        let p95: Double
        let p99: Double
        let max: Double

        /// - Returns: `nil` without ages.
        init?(_ histogram: AgeHistogram) {
            guard let p50 = histogram.quantile(0.5), let p95 = histogram.quantile(0.95), let p99 = histogram.quantile(0.99) else {
                return nil
            }
            count = histogram.count
            self.p50 = Double(p50) / 1000
            self.p95 = Double(p95) / 1000
            self.p99 = Double(p99) / 1000
            max = Double(histogram.largest) / 1000
        }

        var words: String {
            "p50 \(MeasureReport.text(p50))  p95 \(MeasureReport.text(p95))  p99 \(MeasureReport.text(p99))  max \(MeasureReport.text(max)) ms"
        }
    }

    struct Target: Encodable, Sendable {
        let address: String
        let frames: Int
        let framesWithoutStamp: Int
        let ages: Ages?
        let firstFrameAges: Ages?
        let lastFrameAges: Ages?
        let requestsPerSecond: Double
        let bitsPerSecond: Double
        let failures: Int
        let firstFailure: String?

        init(name: String, figures: Tally.Figures, seconds: Double) {
            address = name
            frames = figures.frames
            framesWithoutStamp = figures.unstamped
            ages = Ages(figures.ages)
            firstFrameAges = Ages(figures.firstAges)
            lastFrameAges = Ages(figures.lastAges)
            requestsPerSecond = Double(figures.requests) / seconds
            bitsPerSecond = Double(figures.bytes * 8) / seconds
            failures = figures.failures
            firstFailure = figures.firstFailure
        }
    }

    struct Server: Encodable, Sendable {
        /// Of one core.
        let cpuShare: Double
        /// User and system time over all requests (RTMP: frames) of the viewers.
        let cpuMicrosecondsPerRequest: Double?
        let residentBytes: Int
    }

    let seconds: Double
    /// Of each address.
    let viewers: Int
    let targets: [Target]
    let server: Server?

    init(seconds: Double, viewers: Int, targets: [Target], before: ProcessFigures?, after: ProcessFigures?) {
        self.seconds = seconds
        self.viewers = viewers
        self.targets = targets
        server = before.flatMap { before in
            after.map { after in
                let used = after.cpuSeconds - before.cpuSeconds
                let requests = targets.reduce(0) { $0 + $1.requestsPerSecond } * seconds
                return Server(
                    cpuShare: used / seconds, cpuMicrosecondsPerRequest: requests > 0 ? used * 1e6 / requests : nil,
                    residentBytes: after.residentBytes)
            }
        }
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    var text: String {
        var lines: [String] = []
        for target in targets {
            lines.append("\(target.address)")
            lines.append("  \(viewers == 1 ? "1 viewer" : "\(viewers) viewers"), \(target.frames) frames in \(Self.text(seconds)) s")
            if let ages = target.ages { lines.append("  every frame       \(ages.words)") }
            if let ages = target.firstFrameAges, ages.count < UInt64(target.frames) { lines.append("  first of a part   \(ages.words)") }
            if let ages = target.lastFrameAges, ages.count < UInt64(target.frames) { lines.append("  last of a part    \(ages.words)") }
            if target.framesWithoutStamp > 0 { lines.append("  without a stamp   \(target.framesWithoutStamp)") }
            lines.append("  \(Self.text(target.requestsPerSecond)) requests/s, \(Self.text(target.bitsPerSecond / 1e6)) Mb/s")
            if target.failures > 0 { lines.append("  \(target.failures) failures, first: \(target.firstFailure ?? "")") }
        }
        if let server {
            let each = server.cpuMicrosecondsPerRequest.map { ", \(Self.text($0)) µs a request" } ?? ""
            lines.append(
                "server: CPU \(Self.text(server.cpuShare * 100)) % of a core\(each), \(Self.text(Double(server.residentBytes) / 1e6)) MB")
        }
        return lines.joined(separator: "\n")
    }

    static func text(_ value: Double) -> String { String(format: "%.1f", value) }
}
