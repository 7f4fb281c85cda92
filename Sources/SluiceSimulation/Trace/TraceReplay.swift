import Foundation

/// Makes a scenario out of what a gateway recorded: its streams at their times, its orchestrators with the times they took, and faults
/// where attempts failed.
package enum TraceReplay {
    /// Samples kept of one orchestrator; more change a distribution by less than the draw does.
    static let mostSamples = 10_000

    /// - Parameter records: at least one, in any order.
    package static func scenario(name: String, of records: [TraceRecord]) -> Scenario {
        let records = records.sorted {
            ($0.moment, $0.stream, $0.sequence, $0.orchestrator) < ($1.moment, $1.stream, $1.sequence, $1.orchestrator)
        }
        // A segment is sent when it is cut: its stream began a segment earlier.
        let origin = records.map { $0.moment - $0.duration }.min() ?? 0
        let end = records.map { $0.moment - origin }.max() ?? 0
        let streams = Dictionary(grouping: records, by: \.stream).sorted { $0.key < $1.key }
        let orchestrators = Dictionary(grouping: records, by: \.orchestrator).sorted { $0.key < $1.key }
        return Scenario(
            name: name, about: "Replay of \(records.count) recorded attempts.", duration: max(0.5, end + 0.001),
            streams: streams.map { streamGroup($0.value, origin: origin, end: end) },
            orchestrators: orchestrators.map { RecordedOrchestrator(name: $0.key, records: $0.value, origin: origin, end: end).model })
    }

    private static func streamGroup(_ records: [TraceRecord], origin: Double, end: Double) -> StreamGroup {
        // Hedges and retries repeat a segment; the first sending is the segment.
        var seen: Set<Int64> = []
        let segments = records.filter { seen.insert($0.sequence).inserted }
        let seconds = segments.reduce(0) { $0 + $1.duration }
        let bytes = segments.reduce(0) { $0 + $1.bytes }
        let duration = min(10, max(0.5, segments.map(\.duration).median ?? 2))
        let start = max(0, (segments.first?.moment ?? origin) - duration - origin)
        let last = (segments.last?.moment ?? origin) - origin
        return StreamGroup(
            count: 1, segmentDuration: duration, renditions: renditions(of: segments),
            bitrate: min(1e13, max(1000, Double(bytes) * 8 / max(0.001, seconds))), start: start, startsOver: 0,
            // The half segment keeps rounding from taking the last cut away.
            end: last + duration / 2 < end ? max(last, start) + duration / 2 : nil)
    }

    /// As many as were recorded, which together have the recorded pixels; the trace does not tell their shapes.
    private static func renditions(of segments: [TraceRecord]) -> [StreamGroup.RenditionModel] {
        let count = min(Scenario.Bounds.renditions, max(1, segments.map(\.renditions).max() ?? 1))
        let rate = (segments.map(\.pixelRate).median ?? 0) / Double(count)
        let height = min(16_384, max(16, Int((rate / 30 * 9 / 16).squareRoot())))
        let width = min(16_384, max(16, height * 16 / 9))
        let frames = min(240, max(1, rate / Double(width * height)))
        return Array(repeating: .init(width: width, height: height, frameRate: frames, bitrate: 1_000_000), count: count)
    }
}

/// What a trace tells of one orchestrator.
private struct RecordedOrchestrator {
    /// Failures and price changes kept as faults, each; `Scenario.Bounds.faults` is twice this.
    private static let mostFaults = Scenario.Bounds.faults / 2

    let name: String
    /// In the order of their moments; at least one.
    let records: [TraceRecord]
    let origin: Double
    let end: Double

    var model: OrchestratorModel {
        let price = records.first?.price ?? 0
        return OrchestratorModel(
            name: name, price: price, service: service, network: network, faults: failures + priceChanges(from: price))
    }

    private var finished: [TraceRecord] { records.filter { $0.failure == nil } }

    private var service: ServiceModel {
        let samples = finished.compactMap { record -> Double? in
            let pixels = record.pixelRate * record.duration
            return record.work.flatMap { pixels > 0 && $0 > 0 ? $0 / pixels : nil }
        }.thinned(to: TraceReplay.mostSamples)
        // The recorded work has the wait for a lane in it: a second one must not be modelled.
        var model = ServiceModel(fixed: 0, jitter: 0, tailShare: 0, coldStart: 0, lanes: 10_000, sessions: 1_000_000, recorded: samples)
        guard let median = samples.median, median > 0 else { return model }
        let body = samples.filter { $0 <= median * 4 }
        let tail = samples.filter { $0 > median * 4 }
        model.pixelsPerSecond = min(1e15, max(1000, 1 / median))
        model.jitter = min(2, body.spreadOfLogarithm)
        model.tailShare = Double(tail.count) / Double(samples.count)
        if !tail.isEmpty { model.tailFactor = min(1000, tail.reduce(0, +) / Double(tail.count) / median) }
        return model
    }

    private var network: NetworkModel {
        let complete = finished.thinned(to: TraceReplay.mostSamples)
        // Asking for a rendition and getting its first byte takes one.
        let roundTrips = complete.compactMap(\.firstByte).filter { $0 > 0 && $0 <= 10 }
        var model = NetworkModel(recorded: roundTrips)
        if let median = roundTrips.median {
            model.roundTrip = median
            model.jitter = min(2, roundTrips.spreadOfLogarithm)
        }
        let rates = complete.compactMap { record -> Double? in
            record.upload.flatMap { $0 > model.roundTrip ? Double(record.bytes) * 8 / ($0 - model.roundTrip) : nil }
        }
        if let median = rates.median { model.bandwidth = min(1e13, max(1000, median)) }
        return model
    }

    /// From the first failure of a kind to the next success.
    private var failures: [FaultModel] {
        var spans: [(kind: FaultModel.Kind, begin: Double, end: Double)] = []
        var isOpen = false
        for record in records {
            let moment = record.moment - origin
            if record.failure == nil {
                if isOpen, let last = spans.indices.last { spans[last].end = moment }
                isOpen = false
            } else if let kind = record.failure.flatMap(Self.kind) {
                if isOpen, let last = spans.indices.last, spans[last].kind == kind {
                    spans[last].end = moment
                } else {
                    if isOpen, let last = spans.indices.last { spans[last].end = moment }
                    spans.append((kind, moment, moment))
                    isOpen = true
                }
            }
        }
        // Whoever never came back stays away to the end.
        if isOpen, let last = spans.indices.last { spans[last].end = end + 1 }
        var gap = 0.1
        while spans.count > Self.mostFaults {
            spans = Self.merged(spans, gap: gap)
            gap *= 2
        }
        return spans.map { FaultModel($0.kind, at: $0.begin, lasts: max(0.001, $0.end - $0.begin)) }
    }

    /// Those nearer to one another than `gap` become one, of the first one's kind.
    private static func merged(
        _ spans: [(kind: FaultModel.Kind, begin: Double, end: Double)], gap: Double
    ) -> [(kind: FaultModel.Kind, begin: Double, end: Double)] {
        var merged: [(kind: FaultModel.Kind, begin: Double, end: Double)] = []
        for span in spans {
            if let last = merged.indices.last, span.begin - merged[last].end < gap {
                merged[last].end = span.end
            } else {
                merged.append(span)
            }
        }
        return merged
    }

    /// - Returns: `nil` where the orchestrator is not the cause.
    private static func kind(of failure: TraceRecord.Failure) -> FaultModel.Kind? {
        switch failure {
        case .unreachable: .crash
        case .timedOut: .stall
        case .busy: .busy
        case .capped: .capped
        case .sessionRefused: .refuseTokens
        case .protocolViolation: .wrongBytes(share: 1)
        case .refused, .transcodeFailed: .halfAnswer(share: 1)
        case .mediaUnusable, .cancelled: nil
        }
    }

    private func priceChanges(from base: Double) -> [FaultModel] {
        var changes: [(price: Double, at: Double)] = []
        for record in records where record.price != changes.last?.price ?? base { changes.append((record.price, record.moment - origin)) }
        // A price of 0 has no multiple: such a recording keeps the price it began with.
        guard base > 0 else { return [] }
        let kept = changes.prefix(Self.mostFaults)
        return kept.enumerated().compactMap { index, change in
            guard change.price != base else { return nil }
            let next = index + 1 < kept.count ? kept[index + 1].at : nil
            return FaultModel(
                .price(factor: min(1e9, change.price / base)), at: change.at, lasts: next.map { max(0.001, $0 - change.at) })
        }
    }
}

extension [Double] {
    fileprivate var median: Double? {
        isEmpty ? nil : sorted()[count / 2]
    }

    /// Standard deviation of the logarithm; 0 for fewer than two.
    fileprivate var spreadOfLogarithm: Double {
        let logarithms = filter { $0 > 0 }.map { log($0) }
        guard logarithms.count > 1 else { return 0 }
        let mean = logarithms.reduce(0, +) / Double(logarithms.count)
        return (logarithms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(logarithms.count - 1)).squareRoot()
    }
}

extension Array {
    /// Every so many-th, so that at most `count` are left.
    fileprivate func thinned(to count: Int) -> [Element] {
        let step = (self.count + count - 1) / Swift.max(1, count)
        return step <= 1 ? self : stride(from: 0, to: self.count, by: step).map { self[$0] }
    }
}
