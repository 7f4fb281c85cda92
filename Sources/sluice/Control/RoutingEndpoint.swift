import Foundation
import HTTPTypes
import NIOCore
import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes

/// The admin port's view of routing:
///
///     GET  /routing/decisions?stream=ID[&sequence=N]
///     GET  /routing/decisions?app=NAME
///     GET  /routing/orchestrators
///     GET  /routing/log                the decision log
///     POST /routing/log?state=on|off
///     GET, POST /routing/sla           see `ServiceLevelEndpoint`
struct RoutingEndpoint: Sendable {
    let route: RouteStage
    let levels: ServiceLevelEndpoint
    let log: DecisionLog?
    let isLive: @Sendable (StreamID) -> Bool
    /// Of requests to an app, with how long ago each was.
    var appDecisions: @Sendable (String) -> [(decision: RunnerDecision, ago: Double)] = { _ in [] }

    /// Paths that take a POST.
    static let changeable: Set<String> = ["/routing/log", "/routing/sla"]

    /// - Returns: `false` when the path is none of these.
    func answer(_ request: HTTPServerRequest, path: String, with writer: HTTPResponseWriter) async throws -> Bool {
        let query = Query(request.head.path ?? "")
        switch (request.head.method, path) {
        case (.get, "/routing/orchestrators"):
            try await writer.send(json: route.picture.map(OrchestratorReport.init))
        case (.get, "/routing/decisions"): try await decisions(query, writer)
        case (.get, "/routing/sla"): try await levels.show(query, writer)
        case (.post, "/routing/sla"): try await levels.change(request, query, writer)
        case (.get, "/routing/log"), (.post, "/routing/log"): try await log(request.head.method == .post, query, writer)
        default: return false
        }
        return true
    }

    private func log(_ isChange: Bool, _ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let log else {
            return try await writer.send(problem: .notFound, "there is no decision log; the setting decisionLog names its file")
        }
        if isChange {
            guard let state = query["state"].flatMap(Switch.init) else {
                return try await writer.send(problem: .badRequest, "/routing/log?state=on or off")
            }
            log.turn(on: state == .on)
        }
        try await writer.send(json: log.status)
    }

    private func decisions(_ query: Query, _ writer: HTTPResponseWriter) async throws {
        if let app = query["app"] {
            let decisions = appDecisions(app)
            guard !decisions.isEmpty else {
                return try await writer.send(problem: .notFound, "nothing was decided for an app '\(app.prefix(200))' yet")
            }
            return try await writer.send(json: decisions.map { RunnerDecisionReport($0.decision, ago: $0.ago) })
        }
        guard let name = query["stream"], let stream = StreamID(name) else {
            return try await writer.send(
                problem: .badRequest, "which stream, or which app? /routing/decisions?stream=ID or /routing/decisions?app=NAME")
        }
        var decisions = route.decisions(of: stream)
        if let text = query["sequence"] {
            guard let sequence = Int64(text) else {
                return try await writer.send(problem: .badRequest, "sequence '\(text)' is no whole number")
            }
            decisions.removeAll { $0.sequence.rawValue != sequence }
        }
        guard !decisions.isEmpty else {
            let text =
                isLive(stream)
                ? "no decision of that segment is kept; once all has come of them, the last \(RouteStage.keptDecisions) are"
                : "no stream '\(name)' is live, or ended lately"
            return try await writer.send(problem: .notFound, text)
        }
        try await writer.send(json: decisions.map(DecisionReport.init))
    }
}

/// The query of a path, percent-decoded; of a name that stands twice the first counts.
struct Query {
    private var items: [String: String] = [:]

    init(_ path: String) {
        guard let mark = path.firstIndex(of: "?") else { return }
        for pair in path[path.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let name = parts[0].removingPercentEncoding else { continue }
            let value = parts.count > 1 ? parts[1].replacingOccurrences(of: "+", with: " ").removingPercentEncoding : ""
            if let value, items[name] == nil { items[name] = value }
        }
    }

    subscript(_ name: String) -> String? { items[name] }
    var all: [String: String] { items }

    /// A value as it may stand in a query.
    static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? ""
    }
}

extension HTTPResponseWriter {
    func send(json value: some Encodable) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let body = ByteBuffer(bytes: try encoder.encode(value))
        try await send(.ok, headers: [.contentType: "application/json", .cacheControl: "no-store"], body: body)
    }

    func send(problem status: HTTPResponse.Status, _ text: String) async throws {
        try await send(status, headers: [.contentType: "text/plain; charset=utf-8"], body: ByteBuffer(string: text + "\n"))
    }
}
