import HTTPTypes
import SluiceNetwork

/// The port that players and pushers come to, with the open part of the marketplace where the settings say so.
struct PublicEndpoint: HTTPResponder {
    let media: GatewayPort
    let market: MarketEndpoint?

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        if let market {
            let path = request.head.path?.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/"
            if try await market.answer(request, path: path, with: writer) { return }
        }
        try await media.respond(to: request, with: writer)
    }
}
