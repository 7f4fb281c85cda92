import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork
import SluiceTypes

/// The admin port: `/healthz`, `/metrics` (Prometheus text), `/status` (JSON); for a gateway also `/routing/…`, the admin API below
/// `/api/v1/`, the reference's own endpoints, and the console.
struct AdminEndpoint: HTTPResponder {
    let registry: MetricRegistry
    let status: @Sendable () -> any Encodable & Sendable
    var routing: RoutingEndpoint?
    var market: MarketEndpoint?
    /// An orchestrator's.
    var price: PriceEndpoint?
    /// Called before the metrics are shown.
    var refresh: @Sendable () -> Void = {}
    /// Who may what; everything but `/healthz` and the files of the console asks it.
    var access = Access.open
    var api: AdminAPI?
    var reference: ReferenceEndpoint?
    /// Plays streams on the console, whose page may load from this port alone.
    var playback: DeliveryEndpoint?

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = request.head.path?.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
        let isLook = request.head.method == .get || request.head.method == .head
        // The reference takes its orders by any method, and scripts give them by GET (specs/gateway-surface §10).
        let isOrder = reference != nil && ReferenceEndpoint.orders.contains(path)
        if path == "/healthz", isLook { return try await text("ok\n", "text/plain; charset=utf-8", writer) }
        if api != nil, try await ConsolePage().answer(request, path: path, with: writer) { return }
        let visitor: Access.Visitor
        do {
            visitor = try await access.visitor(request.head)
            if !path.hasPrefix(AdminAPI.prefix) {
                try visitor.require(
                    isLook && !isOrder ? .read : .operate,
                    for: isLook && !isOrder ? "looking" : "\(request.head.method.rawValue) \(path.prefix(200))")
            }
        } catch {
            let answer = error.answer
            return try await writer.send(answer.status, headers: answer.headers, body: answer.body)
        }
        if let api, path == AdminAPI.prefix || path.hasPrefix("\(AdminAPI.prefix)/") {
            return try await api.answer(request, visitor: visitor, with: writer)
        }
        if let playback, path.hasPrefix("/stream/") { return try await playback.respond(to: request, with: writer) }
        if let routing, try await routing.answer(request, path: path, with: writer) { return }
        if let market, try await market.answer(request, path: path, with: writer) { return }
        if let price, try await price.answer(request, path: path, with: writer) { return }
        let isAnswered =
            isOrder ? [.get, .post].contains(request.head.method) : isLook || request.head.method == .post && path != "/status"
        if isAnswered, let reference, try await reference.answer(request, path: path, visitor: visitor, with: writer) { return }
        guard isLook, !isOrder else {
            let isChangeable = routing != nil && RoutingEndpoint.changeable.contains(path)
            let isShown = reference != nil && ReferenceEndpoint.looks.contains(path)
            return try await writer.send(
                .methodNotAllowed,
                headers: [.allow: isOrder || isChangeable ? "GET, POST" : isShown ? "GET, HEAD, POST" : "GET, HEAD"])
        }
        switch path {
        case "/metrics":
            refresh()
            try await text(registry.render(), "text/plain; version=0.0.4; charset=utf-8", writer)
        case "/status":
            try await writer.send(json: status())
        default:
            let hint =
                api == nil ? "/status, /metrics or /healthz" : "/console, /api/v1, /status, /metrics, /healthz or /routing/orchestrators"
            try await writer.send(
                .notFound, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ByteBuffer(string: "\(path) is not here; try \(hint)\n"))
        }
    }

    private func text(_ text: String, _ type: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.send(.ok, headers: [.contentType: type, .cacheControl: "no-store"], body: ByteBuffer(string: text))
    }
}
