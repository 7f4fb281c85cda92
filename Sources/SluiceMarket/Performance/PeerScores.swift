/// Scores that other gateways tell. Hearsay: it moves what is known little by own experience, by so much at most, and by the median of
/// what is told, so that one who lies moves nothing where others tell the truth.
package struct PeerScores: Sendable {
    package struct Told: Hashable, Sendable {
        package var key: Offer.Key
        /// 0 to 1.
        package var score: Double

        /// - Returns: `nil` for a score that is none.
        package init?(key: Offer.Key, score: Double) {
            guard score.isFinite, (0...1).contains(score) else { return nil }
            self.key = key
            self.score = score
        }
    }

    /// A score is moved by so much at most.
    package static let largestShift = 0.15
    /// Seconds for which a report counts.
    package static let longestAge: Int64 = 3600
    /// Of one report; as many as there can be offers.
    package static let mostTold = OfferCatalog.most
    package static let mostPeers = 32

    private struct Report: Sendable {
        var scores: [Offer.Key: Double]
        var trust: Double
        var asOf: Int64
    }

    private var reports: [String: Report] = [:]

    package init() {}

    /// - Parameters:
    ///   - trust: 0 to 1.
    ///   - asOf: Unix seconds. A report that is older than the one there is changes nothing, so that an old one cannot be sent again.
    /// - Returns: whether it was taken.
    @discardableResult
    package mutating func take(_ told: [Told], from peer: String, trust: Double, asOf: Int64) -> Bool {
        guard reports[peer].map({ $0.asOf < asOf }) ?? (reports.count < Self.mostPeers) else { return false }
        let scores = Dictionary(told.prefix(Self.mostTold).map { ($0.key, $0.score) }, uniquingKeysWith: { first, _ in first })
        reports[peer] = Report(scores: scores, trust: min(max(trust, 0), 1), asOf: asOf)
        return true
    }

    /// - Parameters:
    ///   - own: our score.
    ///   - samples: what that rests on; after `halfSure` of them hearsay counts half.
    package func adjusted(_ own: Double, of key: Offer.Key, samples: Double, halfSure: Double, at now: Int64) -> Double {
        let told = reports.values.compactMap { report -> (score: Double, trust: Double)? in
            guard now - report.asOf <= Self.longestAge, report.trust > 0 else { return nil }
            return report.scores[key].map { ($0, report.trust) }
        }.sorted { $0.score < $1.score }
        guard !told.isEmpty else { return own }
        let half = told.reduce(0) { $0 + $1.trust } / 2
        var below = 0.0
        var median = own
        for one in told {
            below += one.trust
            if below >= half {
                median = one.score
                break
            }
        }
        let most = told.map(\.trust).max() ?? 0
        let shift = (median - own) * most * halfSure / (samples + halfSure)
        return own + min(max(shift, -Self.largestShift), Self.largestShift)
    }
}
