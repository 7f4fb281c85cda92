import Foundation
import HTTPTypes
import NIOCore
import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes

/// The admin port's view of routing, and the service levels of streams:
///
///     GET  /routing/decisions?stream=ID[&sequence=N]
///     GET  /routing/orchestrators
///     GET  /routing/sla[?stream=ID]
///     POST /routing/sla?stream=ID      a JSON object with what is to change
struct RoutingEndpoint: Sendable {
    /// A service level is a few hundred bytes.
    private static let longestBody = 64 << 10

    let route: RouteStage
    let isLive: @Sendable (StreamID) -> Bool

    /// - Returns: `false` when the path is none of these.
    func answer(_ request: HTTPServerRequest, path: String, with writer: HTTPResponseWriter) async throws -> Bool {
        let query = Query(request.head.path ?? "")
        switch (request.head.method, path) {
        case (.get, "/routing/orchestrators"):
            try await writer.send(json: route.picture.map(OrchestratorReport.init))
        case (.get, "/routing/decisions"): try await decisions(query, writer)
        case (.get, "/routing/sla"):
            let stream = query["stream"].flatMap { StreamID($0) }
            try await writer.send(json: ServiceLevelReport(stream.map { route.serviceLevel(of: $0) } ?? route.nodeServiceLevel))
        case (.post, "/routing/sla"): try await change(request, query, writer)
        default: return false
        }
        return true
    }

    private func decisions(_ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let name = query["stream"], let stream = StreamID(name) else {
            return try await writer.send(problem: .badRequest, "which stream? /routing/decisions?stream=ID")
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
                ? "no decision of that segment is kept (any more); the last \(RouteStage.keptDecisions) are"
                : "no stream '\(name)' is live, or ended lately"
            return try await writer.send(problem: .notFound, text)
        }
        try await writer.send(json: decisions.map(DecisionReport.init))
    }

    private func change(_ request: HTTPServerRequest, _ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let name = query["stream"], let stream = StreamID(name), isLive(stream) else {
            return try await writer.send(problem: .notFound, "no live stream '\(query["stream"] ?? "")'; /routing/sla?stream=ID")
        }
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: Self.longestBody) } catch is HTTPBodyTooLarge {
            return try await writer.send(problem: .contentTooLarge, "more than \(Self.longestBody) bytes")
        }
        do {
            let level = try ServiceLevelReport.change(route.serviceLevel(of: stream), by: Data(body.readableBytesView))
            guard route.setServiceLevel(level, of: stream) else {
                return try await writer.send(problem: .notFound, "stream '\(name)' has no segment yet; its first opens it")
            }
            try await writer.send(json: ServiceLevelReport(level))
        } catch let error as SettingsError {
            try await writer.send(problem: .badRequest, "\(error)")
        }
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
