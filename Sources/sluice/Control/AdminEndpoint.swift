import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork
import SluiceTypes

/// The admin port: `/healthz`, `/metrics` (Prometheus text), `/status` (JSON), and for a gateway `/routing/…`. Bound to loopback by
/// default; it asks nobody who they are.
struct AdminEndpoint: HTTPResponder {
    let registry: MetricRegistry
    let status: @Sendable () -> any Encodable & Sendable
    var routing: RoutingEndpoint?
    var market: MarketEndpoint?
    /// An orchestrator's.
    var price: PriceEndpoint?
    /// Called before the metrics are shown.
    var refresh: @Sendable () -> Void = {}

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = request.head.path?.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
        if let routing, try await routing.answer(request, path: path, with: writer) { return }
        if let market, try await market.answer(request, path: path, with: writer) { return }
        if let price, try await price.answer(request, path: path, with: writer) { return }
        guard request.head.method == .get || request.head.method == .head else {
            let isChangeable = routing != nil && RoutingEndpoint.changeable.contains(path)
            return try await writer.send(.methodNotAllowed, headers: [.allow: isChangeable ? "GET, POST" : "GET, HEAD"])
        }
        switch path {
        case "/healthz":
            try await text("ok\n", "text/plain; charset=utf-8", writer)
        case "/metrics":
            refresh()
            try await text(registry.render(), "text/plain; version=0.0.4; charset=utf-8", writer)
        case "/status":
            try await writer.send(json: status())
        default:
            try await writer.send(
                .notFound, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ByteBuffer(string: "\(path) is not here; try /status, /metrics, /healthz or /routing/orchestrators\n"))
        }
    }

    private func text(_ text: String, _ type: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.send(.ok, headers: [.contentType: type, .cacheControl: "no-store"], body: ByteBuffer(string: text))
    }
}
