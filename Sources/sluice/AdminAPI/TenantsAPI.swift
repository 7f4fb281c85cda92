import HTTPTypes
import SluiceRouting
import SluiceTypes

/// `/api/v1/tenants`: whose streams there are, and with which keys they are published. Keys are secrets, and shown to administrators alone.
struct TenantsAPI: Sendable {
    struct List: Codable, Sendable {
        var tenants: [Tenant]
    }

    struct Tenant: Codable, Sendable {
        var name: String
        /// Beginnings of stream names.
        var streams: [String]
        var keyCount: Int
        /// `nil` for who may not see them.
        var keys: [String]?
        var liveStreams: [String]
        var sla: ServiceLevelReport
        var quota: QuotaReport
    }

    let desk: Desk

    func answer(_ request: APIRequest) async throws -> APIAnswer {
        try request.visitor.require(.read, for: "looking at tenants")
        if request.path.count == 1 {
            guard request.isLook else { throw APIProblem.wrongMethod(request, right: [.get]) }
            return APIAnswer(json: List(tenants: tenants(for: request.visitor)))
        }
        let name = request.path[1]
        guard let tenant = tenants(for: request.visitor).first(where: { $0.name == name }) else {
            let known = desk.levels.tenantNames
            throw APIProblem.notFound(
                "there is no tenant '\(name.prefix(200))'", right: known.isEmpty ? "the settings have none" : known.joined(separator: ", "))
        }
        if request.path.count == 3, request.path[2] == "sla" {
            return try await ServiceLevelAPI(desk: desk).answer(request, .tenant(name))
        }
        guard request.path.count == 2 else { throw AdminAPI.nowhere(request.head.path ?? "/") }
        guard request.isLook else { throw APIProblem.wrongMethod(request, right: [.get]) }
        return APIAnswer(json: tenant)
    }

    private func tenants(for visitor: Access.Visitor) -> [Tenant] {
        let rows = desk.board.all
        return desk.levels.tenants.map { tenant in
            Tenant(
                name: tenant.name, streams: tenant.prefixes, keyCount: tenant.keys.count,
                keys: visitor.role == .admin ? tenant.keys.sorted() : nil,
                liveStreams: rows.filter { $0.value.tenant == tenant.name }.map(\.key.rawValue).sorted(),
                sla: ServiceLevelReport(desk.levels.level(ofTenant: tenant.name) ?? desk.levels.node),
                quota: QuotaReport(desk.quotas.quota(of: tenant.name), desk.quotas.use(of: tenant.name), at: Market.now))
        }
    }
}
