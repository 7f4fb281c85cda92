import Foundation
import SluiceMarket
import SluiceNetwork
import SluiceTypes

/// What a gateway does in the marketplace.
struct MarketSettings {
    enum LeaderboardView: String, CaseIterable {
        /// Names, and all figures.
        case full
        /// Figures under numbers instead of names.
        case anonymous
        case off
    }

    /// A service that this gateway sells, as `GET /marketplace/services` shows it.
    struct Service: Codable, Hashable {
        var name: String
        var pipeline: String
        var model: String?
        var latency: String?
        var price: String?
        var region: String?
        var endpoint: String
        var start: String?
    }

    /// Another gateway whose scores are heard.
    struct Peer: Hashable {
        var url: String
        var address: WebAddress
        var secret: String
        /// 0 to 1.
        var trust: Double
    }

    var registry: String?
    var quoteSeconds: Int64
    var leaderboard: LeaderboardView
    /// Whether players' port shows offers, leaderboard and services too, and gives quotes.
    var isPublic: Switch
    var scoreStrength: Double
    var formula: ScoreFormula
    /// Which renditions are decoded beside their source.
    var sampling: SampleSchedule.Settings
    var webhook: WebAddress?
    var signer: WebAddress?
    var runnerDiscovery: Switch
    var sourceSeconds: Int
    var priceGuard: Double
    var maxPrices: [PriceFunction.Base]
    var rates: RateSettings
    var services: [Service]
    var peers: [Peer]
    /// Ours are told to whoever asks, signed with this; to nobody without it.
    var peerSecret: String?

    /// ## Configuration keys, under `marketplace`
    /// - `registry` (path, default none): a SQLite file for what is learned and booked; without it all of that ends with the process.
    /// - `quoteSeconds` (int, default 60, 1…86400).
    /// - `leaderboard` (full | anonymous | off, default full).
    /// - `public` (on | off, default off): offers, quotes, leaderboard and services at the port of `http` as well.
    /// - `scoreStrength` (number, default 1, 0…4): exponent of scores as weights for choosing; 0: none.
    /// - `score.latency` … one for each of `Measure` (number, 0…100), `score.newcomer` (0…1), `score.halfSure` (1…10000).
    /// - `qualitySegments` (int, default 100, 0…1000000): of each orchestrator the pictures of one segment in so many are compared; 0: none.
    /// - `qualitySeconds` (int, default 300, 0…86400): and of one in so many seconds at least; 0: that does not count.
    /// - `webhook`, `signer` (URLs, default none), `runnerDiscovery` (on | off, default off), `sourceSeconds` (int, default 60, 1…86400).
    /// - `priceGuard` (number, default 2, 1…100): a session whose price rises beyond so many times its first is left.
    /// - `maxPrices` (list such as `llm/big = 12 wei per second`, default empty).
    /// - `maxPricePerCapability` (JSON, or the path of a file of it; default none): the same as the reference writes it.
    /// - `services` (list of objects with `name`, `pipeline`, `endpoint`, and perhaps `model`, `latency`, `price`, `region`, `start`).
    /// - `peers` (list of objects with `url`, `secret`, `trust` (0…1, default 0.5); default empty) and `peerSecret` (text, default none).
    /// - those of `RateSettings`.
    init(_ reader: inout SettingsReader) throws {
        registry = reader.text("marketplace.registry")
        quoteSeconds = Int64(try reader.int("marketplace.quoteSeconds", default: 60, in: 1...86_400))
        leaderboard = try reader.choice("marketplace.leaderboard", default: .full)
        isPublic = try reader.choice("marketplace.public", default: .off)
        scoreStrength = try reader.double("marketplace.scoreStrength", in: 0...4) ?? 1
        var formula = ScoreFormula()
        let usual = formula.weights
        formula.weights = [:]
        for measure in Measure.allCases {
            formula.weights[measure] = try reader.double("marketplace.score.\(measure.rawValue)", in: 0...100) ?? usual[measure] ?? 0
        }
        formula.newcomer = try reader.double("marketplace.score.newcomer", in: 0...1) ?? formula.newcomer
        formula.halfSure = try reader.double("marketplace.score.halfSure", in: 1...10_000) ?? formula.halfSure
        self.formula = formula
        sampling = SampleSchedule.Settings(
            segments: try reader.int("marketplace.qualitySegments", default: 100, in: 0...1_000_000),
            seconds: Double(try reader.int("marketplace.qualitySeconds", default: 300, in: 0...86_400)))
        webhook = try PriceListSettings.url(&reader, "marketplace.webhook")
        signer = try PriceListSettings.url(&reader, "marketplace.signer")
        runnerDiscovery = try reader.choice("marketplace.runnerDiscovery", default: .off)
        sourceSeconds = try reader.int("marketplace.sourceSeconds", default: 60, in: 1...86_400)
        priceGuard = try reader.double("marketplace.priceGuard", in: 1...100) ?? 2
        // Ours go before the reference's where both speak of one.
        maxPrices =
            try PriceListSettings.reference(&reader, "marketplace.maxPricePerCapability")
            + PriceListSettings.bases(&reader, "marketplace.maxPrices")
        rates = try PriceListSettings.rates(&reader, prefix: "marketplace")
        services = try Self.services(&reader)
        peers = try Self.peers(&reader)
        peerSecret = reader.text("marketplace.peerSecret")
    }

    private static func peers(_ reader: inout SettingsReader) throws -> [Peer] {
        struct Listed: Decodable {
            var url: String
            var secret: String
            var trust: Double?
        }
        let key = "marketplace.peers"
        guard let text = reader.text(key) else { return [] }
        let source = reader.source(of: key)
        // Without the value: it has secrets in it.
        func complaint(_ wish: String) -> SettingsError { SettingsError(key: key, value: "…", source: source, wish: wish) }
        guard let listed = try? JSONDecoder().decode([Listed].self, from: Data(text.utf8)), listed.count <= PeerScores.mostPeers else {
            throw complaint("at most \(PeerScores.mostPeers) objects with url, secret and perhaps trust are right")
        }
        return try listed.map { one in
            let trust = one.trust ?? 0.5
            guard (0...1).contains(trust), one.secret.utf8.count >= 16, let address = try? WebAddress(one.url) else {
                throw complaint(
                    "a url like https://gateway.example.com:5935, a secret of 16 characters or more, and a trust from 0 to 1 are right")
            }
            return Peer(url: one.url, address: address, secret: one.secret, trust: trust)
        }
    }

    private static func services(_ reader: inout SettingsReader) throws -> [Service] {
        let key = "marketplace.services"
        guard let text = reader.text(key) else { return [] }
        do { return try JSONDecoder().decode([Service].self, from: Data(text.utf8)) } catch {
            throw SettingsError(
                key: key, value: text, source: reader.source(of: key),
                wish:
                    "objects with name, pipeline and endpoint, and perhaps model, latency, price, region and start, all of them text, are right"
            )
        }
    }

    /// The ceilings in wei; a rate that is not known makes its ceiling the strictest there is.
    ///
    /// - Parameter ordered: by operators since the start; before those of the settings.
    func ceilings(node: Double?, ordered: [PriceFunction.Base], _ rates: RateBook, at now: Int64) -> PriceCeilings {
        var ceilings = PriceCeilings(node: node)
        for base in maxPrices + ordered {
            let wei = (try? rates.wei(in: base.price, at: now).wei) ?? 0
            ceilings.capabilities[.init(base.pipeline, base.model)] = wei / Double(base.per)
        }
        return ceilings
    }
}
