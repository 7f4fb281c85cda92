import SluiceMarket
import SluiceRouting
import SluiceTypes
import Synchronization

struct UnknownTenant: Error {
    let description: String
}

extension Market {
    /// When this process began: versions of the catalogue count from there.
    static let epoch = now

    var version: UInt64 { state.withLock { $0.catalog.version } }

    /// Answers a request under every ceiling that holds for it, and gives the answer a name where somebody fits.
    func quote(_ body: QuoteBody) throws -> QuoteReport {
        let now = Self.now
        if let tenant = body.tenant, levels.level(ofTenant: tenant) == nil {
            throw UnknownTenant(
                description:
                    "no tenant '\(tenant)'; the settings have \(levels.tenantNames.isEmpty ? "none" : levels.tenantNames.joined(separator: ", "))"
            )
        }
        var request = body.request
        let tenantCeiling = body.tenant.flatMap { name in levels.level(ofTenant: name)?.maxPrice.map { [name: $0] } } ?? [:]
        let (answer, ceiling) = state.withLock { state in
            var ceilings = settings.ceilings(node: levels.node.maxPrice, ordered: state.ordered, state.rates, at: now)
            ceilings.tenants = tenantCeiling
            let own = ceilings.ceiling(pipeline: request.pipeline, model: request.model, tenant: body.tenant)
            let ceiling = [own, request.maxPrice].compactMap(\.self).min()
            request.maxPrice = ceiling
            return (state.catalog.quote(request), ceiling)
        }
        request.maxPrice = ceiling
        var report = QuoteReport(answer, request, isWhatIf: body.isWhatIf)
        guard !body.isWhatIf, !answer.candidates.isEmpty else { return report }
        let prices = Dictionary(
            answer.candidates.map { ($0.offer.orchestrator, $0.offer.offered.price ?? .free) }, uniquingKeysWith: { first, _ in first })
        report.validUntil = now + settings.quoteSeconds
        let given = give(report, prices, at: now)
        report.quote = given.id
        return report
    }

    func leaderboard(pipeline: String?, region: String?, gpuClass: String?) -> LeaderboardReport {
        let now = Self.now
        let (ranking, formula, quality) = state.withLock { ($0.ranking, $0.book.formula, $0.book.gateway) }
        let wanted = ranking.filter { one in
            (pipeline == nil || one.key.pipeline == pipeline) && (region == nil || one.offer?.region == region)
                && (gpuClass == nil || one.offer?.gpu?.gpuClass.rawValue == gpuClass)
        }
        return LeaderboardReport(wanted, formula, quality, isAnonymous: settings.leaderboard == .anonymous, at: now)
    }
}
