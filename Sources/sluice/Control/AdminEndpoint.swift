import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork
import SluiceTypes

/// The admin port: `/healthz`, `/metrics` (Prometheus text) and `/status` (JSON). Bound to loopback by default; it asks
/// nobody who they are.
struct AdminEndpoint: HTTPResponder {
    let registry: MetricRegistry
    let status: @Sendable () -> any Encodable & Sendable

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard request.head.method == .get || request.head.method == .head else {
            return try await writer.send(.methodNotAllowed, headers: [.allow: "GET, HEAD"])
        }
        let path = request.head.path?.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
        switch path {
        case "/healthz":
            try await text("ok\n", "text/plain; charset=utf-8", writer)
        case "/metrics":
            try await text(registry.render(), "text/plain; version=0.0.4; charset=utf-8", writer)
        case "/status":
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let body = ByteBuffer(bytes: try encoder.encode(status()))
            try await writer.send(.ok, headers: [.contentType: "application/json"], body: body)
        default:
            try await writer.send(
                .notFound, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ByteBuffer(string: "\(path) is not here; try /status, /metrics or /healthz\n"))
        }
    }

    private func text(_ text: String, _ type: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.send(.ok, headers: [.contentType: type, .cacheControl: "no-store"], body: ByteBuffer(string: text))
    }
}
