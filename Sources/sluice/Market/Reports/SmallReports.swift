import SluiceMarket
import SluiceRegistry
import SluiceRouting
import SluiceTypes
import Synchronization

/// An hour or a day of how an offer did.
struct HistoryReport: Codable, Sendable {
    var pipeline: String
    var model: String?
    /// Unix seconds of its beginning.
    var start: Int64
    var attempts: Int
    var done: Int
    var failed: Int
    var overtaken: Int
    var inTime: Int
    var finishP50: Double?
    var finishP95: Double?
    var wei: Double
    var mediaSeconds: Double
    var bitrateKept: Double?
    var samples: Int
    var poorSamples: Int
    var ssim: Double?
    var psnr: Double?

    init?(_ record: HistoryRecord) {
        guard let tally = PerformanceTally(bytes: record.tally) else { return nil }
        pipeline = record.pipeline
        model = record.model.isEmpty ? nil : record.model
        start = record.start
        attempts = tally.count
        done = tally.done
        failed = tally.failed
        overtaken = tally.overtaken
        inTime = tally.inTime
        finishP50 = tally.finish(0.5).map(\.thousandths)
        finishP95 = tally.finish(0.95).map(\.thousandths)
        wei = tally.wei.rounded()
        mediaSeconds = tally.media.tenths
        bitrateKept = tally.bitrateKept.map(\.thousandths)
        samples = tally.pictures.count
        poorSamples = tally.pictures.poor
        ssim = tally.pictures.mean(\.ssim).map(\.thousandths)
        psnr = tally.pictures.mean(\.psnr).map(\.tenths)
    }
}

struct PriceReport: Codable, Sendable {
    /// Unix seconds from which it held.
    var at: Int64
    var wei: Int64
    var per: Int64

    init(_ point: Registry.PricePoint) {
        at = point.at
        wei = point.price.pricePerUnit
        per = point.price.pixelsPerUnit
    }
}

/// What this gateway sells, and what stands behind it.
struct ServicesReport: Codable, Sendable {
    struct Capability: Codable, Sendable {
        var pipeline: String
        var model: String?
        var offers: Int
        var reachable: Int
        var cheapestWeiPerUnit: Double?
        var unit: String
        var regions: [String]
        var gpuClasses: [String]
    }

    struct Promise: Codable, Sendable {
        var latency: String
        var percentile: Double
        var playoutBudget: Double
    }

    var services: [MarketSettings.Service]
    /// What is promised where nothing else is said.
    var promise: Promise
    var capabilities: [Capability]

    init(_ market: Market) {
        services = market.settings.services
        let level = market.levels.node
        promise = Promise(
            latency: ServiceLevelSettings.text(level.latency), percentile: level.percentile, playoutBudget: level.playoutBudget)
        let offers = market.state.withLock { $0.catalog.all }
        let groups = Dictionary(grouping: offers) { Offer.Key(OrchestratorID(""), $0.offered.pipeline, $0.offered.model?.name) }
        capabilities = groups.map { key, offers in
            Capability(
                pipeline: key.pipeline, model: key.model, offers: offers.count, reachable: offers.count { $0.isReachable },
                cheapestWeiPerUnit: offers.compactMap { $0.offered.price?.weiPerPixel }.min(),
                unit: offers.first?.offered.unit.rawValue ?? WorkUnit.pixel.rawValue, regions: Set(offers.compactMap(\.region)).sorted(),
                gpuClasses: Set(offers.compactMap { $0.gpu?.gpuClass.rawValue }).sorted())
        }.sorted { ($0.pipeline, $0.model ?? "") < ($1.pipeline, $1.model ?? "") }
    }
}
