import Foundation
import HTTPTypes
import Logging
import NIOCore
import SluiceMarket
import SluiceNetwork
import SluiceRegistry
import SluiceTypes

/// The marketplace over HTTP:
///
///     GET  /marketplace/offers                    the list; ETag; with Accept: text/event-stream what changes
///     POST /marketplace/quote                     who would do it, for how much (`QuoteBody`)
///     GET  /marketplace/quote?id=ID               a quote that holds
///     POST /marketplace/quote/accept?id=ID&stream=NAME
///     GET  /marketplace/usage                     the books (`UsageFilter`)
///     GET  /marketplace/leaderboard[.html]        who does how well
///     GET  /marketplace/leaderboard/history?orchestrator=ID[&width=hour|day]
///     GET  /marketplace/prices?orchestrator=ID[&pipeline=][&model=]
///     GET  /marketplace/scores                    for other gateways, signed
///     GET  /marketplace/services                  what is sold here
///     GET  /openapi.json
struct MarketEndpoint: Sendable {
    let market: Market
    /// Where anybody may look: no books, and nothing is accepted.
    var isPublic = false
    /// Whether the admin port lets nobody in without a token.
    var asksForTokens: @Sendable () -> Bool = { false }

    static let paths: Set<String> = [
        "/marketplace/offers", "/marketplace/quote", "/marketplace/quote/accept", "/marketplace/usage", "/marketplace/leaderboard",
        "/marketplace/leaderboard.html", "/marketplace/leaderboard/history", "/marketplace/prices", "/marketplace/services",
        "/marketplace/scores", "/openapi.json",
    ]
    private static let closed: Set<String> = ["/marketplace/usage", "/marketplace/quote/accept"]
    /// What is there where anybody may look, the document apart.
    static let open = paths.subtracting(closed).subtracting(["/openapi.json"])

    /// - Returns: `false` when the path is none of these.
    func answer(_ request: HTTPServerRequest, path: String, with writer: HTTPResponseWriter) async throws -> Bool {
        guard Self.paths.contains(path), !(isPublic && Self.closed.contains(path)) else { return false }
        let query = Query(request.head.path ?? "")
        let method = request.head.method
        let isRead = method == .get || method == .head
        do {
            switch path {
            case "/marketplace/quote" where method == .post: try await quote(request, writer)
            case "/marketplace/quote" where isRead: try await showQuote(query, writer)
            case "/marketplace/quote/accept" where method == .post: try await accept(query, writer)
            case "/marketplace/offers" where isRead: try await offers(request, writer)
            case "/marketplace/usage" where isRead: try await usage(query, writer)
            case "/marketplace/leaderboard" where isRead: try await leaderboard(request, query, isPage: false, writer)
            case "/marketplace/leaderboard.html" where isRead: try await leaderboard(request, query, isPage: true, writer)
            case "/marketplace/leaderboard/history" where isRead: try await history(query, writer)
            case "/marketplace/prices" where isRead: try await prices(query, writer)
            case "/marketplace/services" where isRead: try await writer.send(json: ServicesReport(market))
            case "/marketplace/scores" where isRead: try await scores(writer)
            case "/openapi.json" where isRead && isPublic: try await writer.send(json: OpenAPIDocument.ofMediaPort(hasMarket: true))
            case "/openapi.json" where isRead: try await writer.send(json: OpenAPIDocument.document(asksForTokens: asksForTokens()))
            case "/marketplace/quote": try await refuse("GET, HEAD, POST", writer)
            case "/marketplace/quote/accept": try await refuse("POST", writer)
            default: try await refuse("GET, HEAD", writer)
            }
        } catch let error as SettingsError {
            try await writer.send(problem: .badRequest, error.description)
        } catch let error as UnknownTenant {
            try await writer.send(problem: .notFound, error.description)
        } catch let error as RegistryError {
            market.logger.error("registry", metadata: ["reason": "\(error)"])
            try await writer.send(problem: .serviceUnavailable, error.description)
        }
        return true
    }

    private func refuse(_ allowed: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.send(.methodNotAllowed, headers: [.allow: allowed])
    }

    // MARK: Offers

    private func offers(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        if request.head.headerFields[.accept]?.contains("text/event-stream") == true { return try await changes(request, writer) }
        let (version, bytes) = market.listing
        // The numbers begin anew with the process; its beginning tells them apart.
        let tag = "\"\(Market.epoch)-\(version)\""
        guard request.head.headerFields[.ifNoneMatch] != tag else { return try await writer.send(.notModified, headers: [.eTag: tag]) }
        try await writer.send(
            .ok, headers: [.contentType: "application/json", .eTag: tag, .cacheControl: "no-cache"], body: ByteBuffer(bytes: bytes))
    }

    private func changes(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        let seen = request.head.headerFields[.lastEventID].flatMap { UInt64($0) }
        guard let pieces = market.feed.subscribe(after: seen, version: market.version) else {
            return try await writer.send(problem: .serviceUnavailable, "more than \(ChangeFeed.mostSubscribers) are told already")
        }
        try await writer.begin(.ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
        for await piece in pieces { try await writer.write(piece) }
        try await writer.finish()
    }

    // MARK: Quotes

    private func quote(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        let bytes: ByteBuffer
        do { bytes = try await request.body.collect(upTo: QuoteBody.longest) } catch is HTTPBodyTooLarge {
            return try await writer.send(problem: .contentTooLarge, "more than \(QuoteBody.longest) bytes")
        }
        let body = try QuoteBody(Data(bytes.readableBytesView))
        try await writer.send(json: market.quote(body))
    }

    private func showQuote(_ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let id = query["id"] else { throw SettingsError("which quote? /marketplace/quote?id=ID") }
        do { try await writer.send(json: try market.quote(id, at: Market.now).named) } catch let problem as Market.AcceptProblem {
            try await writer.send(problem: status(of: problem), problem.description)
        }
    }

    private func accept(_ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let id = query["id"], let stream = query["stream"] else {
            throw SettingsError("which quote for which stream? /marketplace/quote/accept?id=ID&stream=NAME")
        }
        do { try await writer.send(json: try market.accept(id, for: stream, at: Market.now).named) } catch let problem
            as Market.AcceptProblem
        {
            try await writer.send(problem: status(of: problem), problem.description)
        }
    }

    private func status(of problem: Market.AcceptProblem) -> HTTPResponse.Status {
        switch problem {
        case .quote(.unknown): .notFound
        case .quote(.expired): .gone
        case .name: .badRequest
        case .tooMany: .serviceUnavailable
        }
    }

    // MARK: Books and ranking

    private func usage(_ query: Query, _ writer: HTTPResponseWriter) async throws {
        let filter = try UsageFilter(query)
        guard let registry = market.registry else { return try await noRegistry(writer) }
        try await writer.send(json: UsageReport(try await registry.usage(filter), filter, writing: market.lane?.status))
    }

    private func noRegistry(_ writer: HTTPResponseWriter) async throws {
        try await writer.send(problem: .notFound, "nothing is kept here; the setting marketplace.registry names a file for it")
    }

    private func leaderboard(
        _ request: HTTPServerRequest, _ query: Query, isPage: Bool, _ writer: HTTPResponseWriter
    ) async throws {
        guard market.settings.leaderboard != .off else {
            return try await writer.send(problem: .notFound, "the leaderboard is off (marketplace.leaderboard)")
        }
        let report = market.leaderboard(
            pipeline: query["pipeline"], region: query["region"], gpuClass: query["gpuClass"])
        let wantsPage = isPage || request.head.headerFields[.accept]?.hasPrefix("text/html") == true
        guard wantsPage else { return try await writer.send(json: report) }
        try await writer.send(
            .ok, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"], body: ByteBuffer(string: report.page))
    }

    private func scores(_ writer: HTTPResponseWriter) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let secret = market.settings.peerSecret, let name = HTTPField.Name(SignedScores.signatureField) else {
            return try await writer.send(problem: .notFound, "scores are told to nobody (marketplace.peerSecret)")
        }
        let body = [UInt8](try encoder.encode(market.scoresToTell))
        guard let signature = SignedScores.signature(of: body, secret: secret) else {
            return try await writer.send(problem: .serviceUnavailable, "no memory for a signature")
        }
        try await writer.send(
            .ok, headers: [.contentType: "application/json", .cacheControl: "no-store", name: signature], body: ByteBuffer(bytes: body))
    }

    private func history(_ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let orchestrator = query["orchestrator"] else {
            throw SettingsError("of whom? /marketplace/leaderboard/history?orchestrator=ID[&width=hour|day]")
        }
        let width = query["width"] ?? "hour"
        guard width == "hour" || width == "day" else { throw SettingsError("width '\(width)': hour or day is right") }
        guard market.settings.leaderboard == .full else {
            return try await writer.send(problem: .notFound, "names are not told here (marketplace.leaderboard)")
        }
        guard let registry = market.registry else { return try await noRegistry(writer) }
        let seconds = width == "hour" ? PerformanceHistory.hour : PerformanceHistory.day
        let records = try await registry.history(since: 0, width: seconds, orchestrator: orchestrator)
        try await writer.send(json: records.compactMap(HistoryReport.init))
    }

    private func prices(_ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let orchestrator = query["orchestrator"] else {
            throw SettingsError("of whom? /marketplace/prices?orchestrator=ID[&pipeline=transcode][&model=NAME]")
        }
        guard let registry = market.registry else { return try await noRegistry(writer) }
        let points = try await registry.prices(
            orchestrator: orchestrator, pipeline: query["pipeline"] ?? OfferedCapability.transcode, model: query["model"] ?? "")
        try await writer.send(json: points.map(PriceReport.init))
    }
}
