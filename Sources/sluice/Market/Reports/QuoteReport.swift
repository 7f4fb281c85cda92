import SluiceMarket
import SluiceTypes

/// The answer to a quote. Times are milliseconds, prices wei.
struct QuoteReport: Codable, Sendable {
    struct Candidate: Codable, Sendable {
        var orchestrator: String
        var pipeline: String
        var model: String?
        var gpuClass: String?
        var region: String?
        var weiPerUnit: Double
        var priceWei: Int64?
        var pricePer: Int64?
        /// For the whole request, by the advance estimate (specs/transcoding-protocol §4.5).
        var totalWei: Double
        var latencyP50Ms: Double?
        var latencyP95Ms: Double?
        var keepsLatency: Bool?
        var confidence: Double
        var score: Double
        /// By the orchestrator's own price function, were this latency promised and this much committed to.
        var weiAtTerms: Double?
    }

    /// Under which it is honoured; none for a what-if, or where nobody fits.
    var quote: String?
    /// Unix seconds.
    var validUntil: Int64?
    var isWhatIf: Bool
    var pipeline: String
    var unitsPerSecond: Double
    var durationSeconds: Double
    /// Wei per unit that is paid at most: by the request, the node, the tenant and the capability.
    var ceilingWei: Double?
    var candidates: [Candidate]
    var suitable: Int
    /// Offers that do not fit, by the first reason.
    var obstacles: [String: Int]
    var cheapestAboveCeilingWei: Double?

    init(_ answer: QuoteAnswer, _ request: QuoteRequest, isWhatIf: Bool) {
        self.isWhatIf = isWhatIf
        pipeline = request.pipeline
        unitsPerSecond = request.unitsPerSecond
        durationSeconds = request.duration
        ceilingWei = request.maxPrice
        suitable = answer.suitable
        obstacles = Dictionary(uniqueKeysWithValues: answer.obstacles.map { ($0.key.rawValue, $0.value) })
        cheapestAboveCeilingWei = answer.cheapestAboveCeiling
        candidates = answer.candidates.map { candidate in
            Candidate(
                orchestrator: candidate.offer.orchestrator.rawValue, pipeline: candidate.offer.offered.pipeline,
                model: candidate.offer.offered.model?.name, gpuClass: candidate.offer.gpu?.gpuClass.rawValue,
                region: candidate.offer.region, weiPerUnit: candidate.weiPerUnit, priceWei: candidate.offer.offered.price?.pricePerUnit,
                pricePer: candidate.offer.offered.price?.pixelsPerUnit, totalWei: candidate.total.rounded(.up),
                latencyP50Ms: candidate.latencyP50.map { ($0 * 1000).tenths },
                latencyP95Ms: candidate.latencyP95.map { ($0 * 1000).tenths },
                keepsLatency: candidate.keepsLatency, confidence: candidate.confidence.thousandths, score: candidate.score.thousandths,
                weiAtTerms: candidate.weiAtTerms)
        }
    }
}
