import Foundation
import HTTPTypes
import NIOCore
import SluiceMarket
import SluiceNetwork
import SluiceTypes
import SluiceWire
import Synchronization

/// Scores on their way between gateways: JSON, signed with a secret that both know (HMAC-SHA-256 over the body, in hexadecimal).
enum SignedScores {
    static let signatureField = "Sluice-Signature"

    struct Body: Codable, Sendable {
        struct One: Codable, Sendable {
            var orchestrator: String
            var pipeline: String
            var model: String?
            var score: Double
        }

        /// Unix seconds.
        var asOf: Int64
        var scores: [One]
    }

    static func signature(of body: [UInt8], secret: String) -> String? {
        Secrets.hmacSHA256(key: Array(secret.utf8), message: body).map(Secrets.hex)
    }

    static func isGenuine(_ body: [UInt8], _ signature: String?, secret: String) -> Bool {
        guard let signature, let right = self.signature(of: body, secret: secret) else { return false }
        return Secrets.areEqual(Array(signature.utf8), Array(right.utf8))
    }

    /// Scores that are none are left out.
    static func read(_ body: Data) throws -> (asOf: Int64, told: [PeerScores.Told]) {
        let body = try JSONDecoder().decode(Body.self, from: body)
        return (
            body.asOf,
            body.scores.compactMap { one in
                PeerScores.Told(key: Offer.Key(OrchestratorID(one.orchestrator), one.pipeline, one.model), score: one.score)
            }
        )
    }
}

extension Market {
    /// What we tell others: of offers that we know by experience.
    var scoresToTell: SignedScores.Body {
        let ranking = state.withLock { $0.ranking }
        return SignedScores.Body(
            asOf: Self.now,
            scores: ranking.filter { $0.tally.count >= Self.leastTold }.map { one in
                .init(
                    orchestrator: one.key.orchestrator.rawValue, pipeline: one.key.pipeline, model: one.key.model,
                    score: settings.formula.score(one.measures, samples: Double(one.tally.count)).thousandths)
            })
    }

    /// Fewer attempts say nothing that others should hear.
    private static let leastTold = 10
    /// Clocks may differ by so much.
    private static let clockSlack: Int64 = 60

    func take(_ body: Data, signature: String?, from peer: MarketSettings.Peer) throws {
        guard SignedScores.isGenuine([UInt8](body), signature, secret: peer.secret) else {
            throw Lookup.Refused(description: "the signature (\(SignedScores.signatureField)) is not that of the secret we share")
        }
        let report = try SignedScores.read(body)
        guard (0...Self.now + Self.clockSlack).contains(report.asOf) else {
            throw Lookup.Refused(description: "the report is from the future, or from before 1970 (asOf \(report.asOf))")
        }
        state.withLock { state in
            _ = state.peers.take(report.told, from: peer.url, trust: peer.trust, asOf: report.asOf)
        }
    }
}
