import Foundation
import SluiceGateway
import SluiceSimulation

/// The world as a running gateway has measured it: each orchestrator with its pace, its round trip, its price and its GPU, and the
/// streams that are live. For the question what another service level would cost.
struct LiveScenario {
    /// Times are told for a segment of this many seconds (`OrchestratorReport`).
    private static let told = 2.0
    /// Below so many samples nothing is known.
    private static let fewestSamples = 4.0
    /// Quantiles of a normal distribution.
    private static let at90 = 1.2816
    private static let at99 = 2.3263
    /// Streams in place of live ones, where there are none.
    private static let presumedStreams = 10

    private(set) var scenario: Scenario
    /// What a person should know before reading the figures.
    private(set) var notes: [String] = []

    /// - Parameters:
    ///   - name: stands in the report.
    ///   - duration: of the run.
    /// - Throws: `SettingsError` when nothing has been measured yet.
    init(name: String, _ reports: [OrchestratorReport], _ status: GatewayStatus, duration: Double = 600) throws(SettingsError) {
        let listed = reports.filter(\.isListed)
        let models = listed.compactMap(Self.model)
        guard !models.isEmpty else {
            throw SettingsError(
                "\(name): none of \(listed.count) orchestrators was measured yet; publish something there for half a minute first")
        }
        let unknown = listed.filter { Self.model($0) == nil }.map(\.id)
        if !unknown.isEmpty { notes.append("left out, as nothing was measured: \(unknown.joined(separator: ", "))") }
        let rate = Self.usualRate(of: listed)
        var groups = status.streams.filter(\.isLive).compactMap { Self.group($0, rate: rate) }
        if groups.isEmpty {
            notes.append("no stream is live; \(Self.presumedStreams) of 2 s segments stand in, or as many as --streams says")
            groups = [StreamGroup(count: Self.presumedStreams)]
        }
        scenario = Scenario(
            name: name, about: "What \(name) measured of \(models.count) orchestrators.", duration: duration, streams: groups,
            orchestrators: models)
    }

    mutating func shorten(to seconds: Double) { scenario.duration = min(scenario.duration, seconds) }

    /// The work class with the most samples; `nil` where there are too few.
    private static func bestKnown(_ report: OrchestratorReport) -> OrchestratorReport.Work? {
        report.works.filter { $0.work.samples >= fewestSamples && $0.work.p50Ms > 0 }.max { $0.work.samples < $1.work.samples }
    }

    private static func model(_ report: OrchestratorReport) -> OrchestratorModel? {
        guard let known = bestKnown(report), let rate = known.pixelRate else { return nil }
        var service = ServiceModel(fixed: 0, coldStart: 0, lanes: 10_000, sessions: report.streamLimit ?? 1_000_000)
        // The wait in the orchestrator's queue is in the measured time: no second one is modelled.
        let work = known.work
        service.pixelsPerSecond = min(1e15, max(1000, rate * told / (work.p50Ms / 1000)))
        service.jitter = min(2, max(0, log(max(1, work.p90Ms / work.p50Ms)) / at90))
        let expected = work.p50Ms * exp(at99 * service.jitter)
        service.tailShare = work.p99Ms > expected ? 0.01 : 0
        service.tailFactor = min(1000, max(1.01, work.p99Ms / work.p50Ms))
        var network = NetworkModel()
        let roundTrip = known.firstByte.samples > 0 ? known.firstByte.p50Ms : report.roundTripMs ?? 0
        network.roundTrip = min(10, max(0, roundTrip / 1000))
        if known.firstByte.p50Ms > 0 { network.jitter = min(2, max(0, log(max(1, known.firstByte.p90Ms / known.firstByte.p50Ms)) / at90)) }
        // How much an upload took is known, how much it was is not: what is left after a way there and back moves the usual source.
        let upload = known.upload.p50Ms / 1000 - network.roundTrip
        if upload > 0 { network.bandwidth = min(1e13, max(1000, usualBitrate * told / upload)) }
        return OrchestratorModel(
            name: name(report.id), operatorName: report.operatorName, region: report.region, gpu: report.gpuModel ?? report.gpuClass,
            price: min(1e12, max(0, report.weiPerPixel ?? 0)), service: service, network: network)
    }

    /// Bits per second of a source that nothing else is known of.
    private static let usualBitrate = 2_000_000.0

    /// Names in scenarios are short; of a service URI the host and port tell it apart.
    private static func name(_ id: String) -> String {
        let short = id.components(separatedBy: "://").last ?? id
        return String(short.prefix(64))
    }

    /// Pixels per second of the renditions, as most of the work is.
    private static func usualRate(of reports: [OrchestratorReport]) -> Double? {
        reports.compactMap(bestKnown).max { $0.work.samples < $1.work.samples }?.pixelRate
    }

    private static func group(_ stream: GatewayStatus.Stream, rate: Double?) -> StreamGroup? {
        let seconds = stream.segments.reduce(0) { $0 + $1.durationMs / 1000 }
        guard let newest = stream.segments.last, seconds > 0 else { return nil }
        let bytes = stream.segments.reduce(0) { $0 + $1.bytes }
        let count = max(1, newest.renditionsMs.count)
        var group = StreamGroup(
            count: 1, segmentDuration: min(10, max(0.5, (newest.durationMs / 100).rounded() / 10)),
            bitrate: min(1e13, max(1000, Double(bytes) * 8 / seconds)))
        if let rate {
            // As many as there are, which together have the measured pixels; the status does not tell their shapes.
            let height = min(16_384, max(16, Int((rate / Double(count) / 30 * 9 / 16).squareRoot())))
            group.renditions = Array(
                repeating: .init(width: min(16_384, height * 16 / 9), height: height, frameRate: 30, bitrate: 1_000_000), count: count)
        }
        return group
    }
}

extension OrchestratorReport.Work {
    /// The middle of the class: `h264/2^23 px/s`.
    fileprivate var pixelRate: Double? {
        guard let power = workClass.firstMatch(of: /2\^(\d+)/).flatMap({ Int($0.1) }), power < 60 else { return nil }
        return 1.5 * Double(sign: .plus, exponent: power, significand: 1)
    }
}
