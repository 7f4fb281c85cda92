import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork
import SluiceRouting
import SluiceTypes
import SluiceWire

/// `GET /capabilities` on the media port: what can be asked for through this gateway now, by everybody who may ask.
struct CapabilitiesEndpoint: HTTPResponder {
    static let path = "/capabilities"

    let apps: any AppDirectory
    /// The orchestrators as routing sees them.
    let fleet: @Sendable () -> [OrchestratorPicture]
    let classes: GPUClassTable

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard request.head.method == .get || request.head.method == .head else {
            return try await writer.send(.methodNotAllowed, headers: [.allow: "GET, HEAD"])
        }
        let report = CapabilitiesReport(apps.runners, measures: apps.measures, fleet: fleet(), classes: classes)
        let tag = EntityTag(of: report)
        let headers: HTTPFields = [.eTag: tag.text, .cacheControl: "no-cache"]
        // The same as it has: RFC 9110 §13.1.2.
        if let known = request.head.headerFields[.ifNoneMatch], tag.satisfies(known) {
            return try await writer.send(.notModified, headers: headers)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var all = headers
        all[.contentType] = "application/json"
        try await writer.send(.ok, headers: all, body: ByteBuffer(bytes: try encoder.encode(report)))
    }
}

/// What can be asked for. Times are milliseconds, rounded to two digits, so that the answer is the same while nothing much changes.
struct CapabilitiesReport: Codable, Sendable {
    struct PriceRange: Codable, Sendable {
        var least: Double
        var most: Double
        /// `USD`, with what it is for, or `wei` for a pixel.
        var unit: String
    }

    struct Latency: Codable, Sendable {
        var medianMs: Double
        /// Of the slowest of them.
        var p90Ms: Double
    }

    struct Work: Codable, Sendable {
        /// An app, or a model of a pipeline.
        var name: String
        var versions: [String]
        var modes: [String]
        var gpus: [String]
        var gpuClasses: [String]
        var orchestrators: Int
        var capacity: Int
        var available: Int
        /// Runners that are there with a place free, and not left out for what they did lately: their models are loaded.
        var warm: Int
        var price: [PriceRange]
        var latency: Latency?
    }

    struct LiveModel: Codable, Sendable {
        var name: String
        var orchestrators: Int
        var warm: Int
        var gpuClasses: [String]
        var price: PriceRange?
    }

    struct Transcoding: Codable, Sendable {
        var orchestrators: Int
        var available: Int
        var gpuClasses: [String]
        var price: PriceRange?
    }

    /// `ANY /apps/NAME/…`.
    var apps: [Work]
    /// `POST /PIPELINE` with the model: by pipeline.
    var batch: [String: [Work]]
    /// What a publisher may name as its model (docs/Live-video.md).
    var liveVideo: [LiveModel]
    var transcoding: Transcoding

    init(
        _ runners: [RemoteRunner], measures: [RemoteRunnerID: AppMeasure], fleet: [OrchestratorPicture], classes: GPUClassTable
    ) {
        var works: [Work] = []
        var batch: [String: [Work]] = [:]
        for (app, runners) in Dictionary(grouping: runners, by: \.app).sorted(by: { $0.key < $1.key }) {
            let work = Work(app, runners, measures, classes)
            works.append(work)
            // Single requests alone come by a pipeline's path.
            guard work.modes.contains(RunnerMode.singleShot.rawValue),
                let pipeline = BatchPipeline(path: "/" + app.prefix { $0 != "/" })
            else { continue }
            var model = work
            model.name = app == pipeline.name ? "" : String(app.dropFirst(pipeline.name.count + 1))
            batch[pipeline.name, default: []].append(model)
        }
        apps = works
        self.batch = batch
        let listed = fleet.filter { $0.isListed && $0.entry.isReachable }
        let models = Set(listed.flatMap(\.entry.liveModels)).sorted()
        liveVideo = models.map { name in
            let serving = listed.filter { $0.entry.liveModels.contains(name) }
            return LiveModel(
                name: name, orchestrators: serving.count, warm: serving.count { $0.state != .ejected },
                gpuClasses: Self.classes(of: serving), price: Self.price(of: serving))
        }
        transcoding = Transcoding(
            orchestrators: listed.count, available: listed.count { $0.state != .ejected }, gpuClasses: Self.classes(of: listed),
            price: Self.price(of: listed))
    }

    private static func classes(of fleet: [OrchestratorPicture]) -> [String] {
        Set(fleet.compactMap { $0.gpuClass?.rawValue }).sorted()
    }

    private static func price(of fleet: [OrchestratorPicture]) -> PriceRange? {
        let prices = fleet.compactMap { $0.entry.price?.weiPerPixel }
        guard let least = prices.min(), let most = prices.max() else { return nil }
        return PriceRange(least: least, most: most, unit: "wei per pixel")
    }
}

extension CapabilitiesReport.Work {
    init(_ app: String, _ runners: [RemoteRunner], _ measures: [RemoteRunnerID: AppMeasure], _ classes: GPUClassTable) {
        name = app
        versions = Set(runners.map(\.version).filter { !$0.isEmpty }).sorted()
        modes = Set(runners.map(\.mode.rawValue)).sorted()
        let names = Set(runners.compactMap { $0.gpu?.name }.filter { !$0.isEmpty })
        gpus = names.sorted()
        gpuClasses = Set(names.compactMap { classes.gpu(model: $0)?.gpuClass.rawValue }).sorted()
        orchestrators = Set(runners.map(\.orchestrator)).count
        capacity = runners.reduce(0) { $0 + $1.capacity }
        available = runners.reduce(0) { $0 + $1.available }
        warm = runners.count { $0.available > 0 && measures[$0.id]?.isWell != false }
        price = Dictionary(grouping: runners.compactMap(\.price), by: \.unit.rawValue).sorted { $0.key < $1.key }.map { unit, prices in
            let amounts = prices.map(\.amount)
            return CapabilitiesReport.PriceRange(least: amounts.min() ?? 0, most: amounts.max() ?? 0, unit: "USD per \(unit)")
        }
        let medians = runners.compactMap { measures[$0.id]?.median }.sorted()
        let slowest = runners.compactMap { measures[$0.id]?.p90 }.max()
        latency =
            medians.isEmpty
            ? nil
            : CapabilitiesReport.Latency(
                medianMs: Self.twoDigits(medians[medians.count / 2] * 1000), p90Ms: Self.twoDigits((slowest ?? 0) * 1000))
    }

    private static func twoDigits(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        let scale = pow(10, 1 - floor(log10(value)))
        return (value * scale).rounded() / scale
    }
}
