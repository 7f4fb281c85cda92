import HTTPTypes
import NIOCore
import SluiceNetwork

/// The admin API of a gateway, below `/api/v1/`; docs/Admin-API.md has every path with an example.
struct AdminAPI: Sendable {
    static let prefix = "/api/v1"

    let desk: Desk
    var runners: @Sendable () -> [RunnerLine] = { [] }
    var market: Market?
    let reload: SettingsReload?

    func answer(_ request: HTTPServerRequest, visitor: Access.Visitor, with writer: HTTPResponseWriter) async throws {
        do {
            guard let request = APIRequest(request, visitor: visitor) else { throw Self.nowhere(request.head.path ?? "/") }
            if request.path == ["events"], request.method == .get {
                return try await EventStream(desk: desk).serve(request, with: writer)
            }
            let answer = try await answer(request)
            try await writer.send(answer.status, headers: answer.headers, body: answer.body)
        } catch let problem as APIProblem {
            let answer = problem.answer
            try await writer.send(answer.status, headers: answer.headers, body: answer.body)
        }
    }

    private func answer(_ request: APIRequest) async throws -> APIAnswer {
        switch request.path.first {
        case nil: try only([.get], request) { APIAnswer(json: Index()) }
        case "overview" where request.path.count == 1: try only([.get], request) { APIAnswer(json: desk.overview) }
        case "runners" where request.path.count == 1: try only([.get], request) { APIAnswer(json: ["runners": runners()]) }
        case "prices" where request.path.count == 1:
            try only([.get], request) {
                guard let market else { throw Self.nowhere(request.head.path ?? "/") }
                return APIAnswer(json: PriceLimits(market))
            }
        case "me" where request.path.count == 1:
            try only([.get], request) { APIAnswer(json: ["name": request.visitor.name, "role": request.visitor.role.rawValue]) }
        case "session" where request.path.count == 1: try ConsoleSession().answer(request)
        case "streams": try await StreamsAPI(desk: desk).answer(request)
        case "orchestrators": try await OrchestratorsAPI(desk: desk).answer(request)
        case "tenants": try await TenantsAPI(desk: desk).answer(request)
        case "sla" where request.path.count == 1: try await ServiceLevelAPI(desk: desk).answer(request, .node)
        case "whatif" where request.path.count == 1: try await WhatIfAPI(desk: desk).answer(request)
        case "config": try await ConfigAPI(desk: desk, reload: reload).answer(request)
        default: throw Self.nowhere(request.head.path ?? "/")
        }
    }

    private func only(_ methods: [HTTPRequest.Method], _ request: APIRequest, _ body: () throws -> APIAnswer) throws -> APIAnswer {
        guard methods.contains(request.method) || request.method == .head && methods.contains(.get) else {
            throw APIProblem.wrongMethod(request, right: methods)
        }
        return try body()
    }

    static func nowhere(_ path: String) -> APIProblem {
        .notFound("\(path.prefix(200)) is nothing", right: "GET \(prefix) names what there is")
    }

    /// What there is, for who comes without the documentation.
    private struct Index: Encodable {
        let paths = [
            "GET /api/v1/overview", "GET /api/v1/events?overview=on", "GET /api/v1/me", "GET /api/v1/streams", "GET /api/v1/streams/NAME",
            "PATCH, DELETE /api/v1/streams/NAME", "GET, PATCH /api/v1/streams/NAME/sla", "GET, POST /api/v1/orchestrators",
            "GET, PATCH, DELETE /api/v1/orchestrators/ADDRESS", "GET /api/v1/runners", "GET /api/v1/prices", "GET /api/v1/tenants",
            "GET /api/v1/tenants/NAME",
            "GET, PATCH /api/v1/tenants/NAME/sla", "GET, PATCH /api/v1/sla", "POST /api/v1/whatif", "GET /api/v1/config",
            "POST /api/v1/config/reload",
        ]
    }
}

extension APIProblem {
    static func wrongMethod(_ request: APIRequest, right methods: [HTTPRequest.Method]) -> APIProblem {
        let names = methods.map(\.rawValue).joined(separator: ", ")
        var problem = APIProblem(
            .methodNotAllowed, "method", "\(request.method.rawValue) does nothing here", at: "method", right: names)
        problem.headers[.allow] = names
        return problem
    }
}
