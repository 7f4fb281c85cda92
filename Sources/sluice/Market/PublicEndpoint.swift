import HTTPTypes
import SluiceNetwork

/// The port that players and pushers come to: with the page for viewers, and the open part of the marketplace where the settings say so.
struct PublicEndpoint: HTTPResponder {
    let media: GatewayPort
    let market: MarketEndpoint?

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = request.head.path?.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
        if let market, try await market.answer(request, path: path, with: writer) { return }
        if try await PlayerPage().answer(request, path: path, with: writer) { return }
        try await media.respond(to: request, with: writer)
    }
}
