import Foundation
import HTTPTypes
import NIOCore
import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes
import SluiceWire

/// The endpoints of the reference's admin port that operators script against, with its answers, texts and statuses
/// (specs/gateway-surface §10.1–§10.3, captures/gw-cli.http). Parameters come in the query or as a form.
struct ReferenceEndpoint: Sendable {
    private static let longestForm = 64 << 10
    /// Of a service level; wei for a pixel.
    private static let highestPrice = 1e18

    /// Paths that take an order.
    static let orders: Set<String> = ["/setLogLevel", "/setBroadcastConfig", "/setMaxPriceForCapability"]
    /// As the reference, those that show something take any method that scripts use.
    static let looks: Set<String> = [
        "/streamID", "/manifestID", "/localStreams", "/debug", "/getLogLevel", "/getBroadcastConfig", "/getAvailableTranscodingOptions",
        "/getAISessionPoolsInfo", "/getNetworkCapabilities",
    ]

    let desk: Desk
    let level: LogLevel

    /// A refusal as the reference words it.
    private struct Refused: Error {
        var text: String
    }

    /// - Returns: `false` when the path is none of these.
    func answer(
        _ request: HTTPServerRequest, path: String, visitor: Access.Visitor, with writer: HTTPResponseWriter
    ) async throws -> Bool {
        do {
            switch path {
            case "/status": try await json(ReferenceStatus(desk), writer)
            case "/streamID": try await text(newest.map { "\($0)/source" } ?? "/", writer)
            case "/manifestID": try await text(newest?.rawValue ?? "", writer)
            case "/localStreams": try await json([String](), writer)
            case "/debug": try await text(dump, writer)
            case "/getLogLevel": try await text("\(level.verbosity)", writer)
            case "/setLogLevel":
                let form = try await form(request)
                let wanted = try needed("loglevel", form)
                guard let verbosity = Int(wanted), (0...99).contains(verbosity) else {
                    throw Refused(text: "strconv.Atoi: parsing \"\(wanted)\": invalid syntax")
                }
                level.verbosity = verbosity
                desk.ordered("set the log level to \(verbosity)", by: visitor)
                try await writer.send(.ok)
            case "/getBroadcastConfig": try await json(BroadcastConfiguration(desk), writer)
            case "/setBroadcastConfig":
                try change(try await form(request), by: visitor)
                try await writer.send(.ok)
            case "/getAvailableTranscodingOptions": try await json(TranscodePresets.all.keys.sorted(), writer)
            case "/setMaxPriceForCapability":
                let form = try await form(request)
                for name in ["maxPricePerUnit", "pixelsPerUnit", "currency", "pipeline", "modelID"] { _ = try needed(name, form) }
                throw Refused(text: "invalid pipeline: \(form["pipeline"] ?? ""); ceilings stand in marketplace.maxPrices")
            case "/getAISessionPoolsInfo": try await json([String: String](), writer)
            case "/getNetworkCapabilities": try await json(NetworkCapabilities(desk), writer)
            default: return false
            }
        } catch let refused as Refused {
            // With a newline, as Go's http.Error writes it.
            try await writer.send(
                .badRequest, headers: [.contentType: "text/plain; charset=utf-8", .xContentTypeOptions: "nosniff"],
                body: ByteBuffer(string: refused.text + "\n"))
        }
        return true
    }

    /// The stream that was opened last.
    private var newest: StreamID? { desk.board.all.max { ($0.value.started, $0.key.rawValue) < ($1.value.started, $1.key.rawValue) }?.key }

    private var dump: String {
        let summary = newest.flatMap { desk.table.summary(of: $0) }
        return "\n\nLatestPlaylist: " + (summary.map { "\($0.listing)" } ?? "<nil>")
    }

    private func change(_ form: [String: String], by visitor: Access.Visitor) throws {
        let price = form["maxPricePerUnit"] ?? ""
        let pixels = form["pixelsPerUnit"] ?? ""
        let options = form["transcodingOptions"] ?? ""
        guard !price.isEmpty && !pixels.isEmpty || !options.isEmpty else {
            throw Refused(text: "missing form params (maxPricePerUnit AND pixelsPerUnit) or transcodingOptions")
        }
        // All is read before anything is changed.
        var ceiling: Double?
        if !price.isEmpty, !pixels.isEmpty {
            guard let wei = Double(price), wei.isFinite, wei >= 0 else {
                throw Refused(text: "error parsing maxPricePerUnit value: \(price)")
            }
            guard let count = Double(pixels), count.isFinite else { throw Refused(text: "error parsing pixelsPerUnit value: \(pixels)") }
            guard count > 0 else { throw Refused(text: "pixels per unit must be greater than 0, provided \(pixels)") }
            let currency = form["currency"] ?? ""
            guard currency.isEmpty || currency.lowercased() == "wei" else {
                throw Refused(text: "unsupported currency: \(currency); this gateway has no price feed, wei is right")
            }
            guard wei / count <= Self.highestPrice else { throw Refused(text: "error parsing maxPricePerUnit value: \(price)") }
            ceiling = wei / count
        }
        let names = options.split(separator: ",").map(String.init)
        // As the reference, what nobody knows is passed over.
        let profiles = names.compactMap { TranscodePresets.all[$0] }
        guard options.isEmpty || !profiles.isEmpty else { throw Refused(text: "invalid transcoding options: \(options)") }
        if let ceiling {
            // As in the reference 0 is no ceiling.
            let change = try ServiceLevelChange(["maxPricePerPixelWei": ceiling > 0 ? NSNumber(value: ceiling) : NSNumber(value: -1)])
            desk.levels.changeNode(change)
            desk.route.renewServiceLevels(node: desk.levels.node)
            desk.ordered("set the node's highest price to \(ceiling > 0 ? "\(ceiling) wei per pixel" : "any")", by: visitor)
        }
        if !profiles.isEmpty {
            var settings = desk.table.settings
            settings.profiles = profiles
            desk.table.reconfigure(settings)
            desk.ordered("set the renditions of new streams to \(profiles.map(\.name).joined(separator: ","))", by: visitor)
        }
    }

    private func needed(_ name: String, _ form: [String: String]) throws(Refused) -> String {
        guard let value = form[name], !value.isEmpty else { throw Refused(text: "missing form param: \(name)") }
        return value
    }

    /// Those of the body before those of the query, as in Go.
    private func form(_ request: HTTPServerRequest) async throws -> [String: String] {
        var form = Query(request.head.path ?? "").all
        let type = request.head.headerFields[.contentType] ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded") else { return form }
        do {
            let body = String(buffer: try await request.body.collect(upTo: Self.longestForm))
            form.merge(Query("?" + body).all) { $1 }
        } catch is HTTPBodyTooLarge { throw Refused(text: "http: request body too large") }
        return form
    }

    private func json(_ value: some Encodable, _ writer: HTTPResponseWriter) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        try await writer.send(.ok, headers: [.contentType: "application/json"], body: ByteBuffer(bytes: try encoder.encode(value)))
    }

    private func text(_ text: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.send(.ok, headers: [.contentType: "text/plain; charset=utf-8"], body: ByteBuffer(string: text))
    }
}
