import HTTPTypes
import SluiceMarket
import SluiceNetwork
import SluiceTypes

/// What an orchestrator asks, at its admin port:
///
///     GET /marketplace/price[?pipeline=][&model=][&latency=60%][&unitsPerSecond=][&gpuClass=][&region=]
///     GET /marketplace/offers          every base at its present price
struct PriceEndpoint: Sendable {
    struct Report: Codable, Sendable {
        struct Step: Codable, Sendable {
            var name: String
            var factor: Double
            var words: String
        }

        var pipeline: String
        var model: String?
        var unit: String
        var wei: Int64
        var per: Int64
        var weiPerUnit: Double
        /// Unix seconds.
        var validUntil: Int64
        var steps: [Step]
        var words: String

        init(_ terms: PricedTerms) {
            pipeline = terms.pipeline
            model = terms.model
            unit = terms.unit.rawValue
            wei = terms.price.pricePerUnit
            per = terms.price.pixelsPerUnit
            weiPerUnit = terms.price.weiPerPixel
            validUntil = terms.validUntil
            steps = terms.steps.map { Step(name: $0.name, factor: $0.factor, words: $0.words) }
            words = terms.words
        }
    }

    let prices: PostedPrices

    /// - Returns: `false` when the path is none of these.
    func answer(_ request: HTTPServerRequest, path: String, with writer: HTTPResponseWriter) async throws -> Bool {
        guard request.head.method == .get || request.head.method == .head else { return false }
        do {
            switch path {
            case "/marketplace/price": try await writer.send(json: Report(try prices.terms(try PriceAsk(Query(request.head.path ?? "")))))
            case "/marketplace/offers":
                let bases = prices.settings.function.bases
                try await writer.send(json: try bases.map { Report(try prices.terms(PriceAsk(pipeline: $0.pipeline, model: $0.model))) })
            default: return false
            }
        } catch let problem as PriceFunction.Problem {
            if case .notSold = problem {
                try await writer.send(problem: .notFound, problem.description)
            } else {
                try await writer.send(problem: .serviceUnavailable, problem.description)
            }
        } catch let error as SettingsError { try await writer.send(problem: .badRequest, error.description) }
        return true
    }
}

extension PriceAsk {
    /// - Throws: `SettingsError` for a latency or a number that is none.
    init(_ query: Query) throws {
        self.init(
            pipeline: query["pipeline"] ?? OfferedCapability.transcode, model: query["model"], gpuClass: query["gpuClass"],
            region: query["region"])
        if let text = query["latency"] {
            guard let share = Quantity.share.value(of: text), share > 0 else {
                throw SettingsError("latency '\(text)': a share of the duration such as 60% is right")
            }
            latencyShare = share
        }
        if let text = query["unitsPerSecond"] {
            guard let rate = Quantity.pixelRate.value(of: text), rate >= 0 else {
                throw SettingsError("unitsPerSecond '\(text)': a number such as 27648000 or 27M is right")
            }
            unitsPerSecond = rate
        }
    }
}
