import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

/// Trickle channels over HTTP (specs/trickle-protocol §2 to §6): paths, codes and texts of the reference's server.
package struct TrickleEndpoint: HTTPResponder {
    /// Where an orchestrator has it.
    package static let orchestratorBase = "/ai/trickle/"

    let table: TrickleTable
    let base: String
    /// Between interim answers to a publisher who sends nothing yet, so that nobody between takes the connection for dead.
    let interimTime: Duration
    let isPrivate: @Sendable () -> Bool

    /// - Parameters:
    ///   - base: begins and ends with a slash.
    ///   - isPrivate: whether readers are asked who they are: no cache gives one's segment to another then.
    package init(
        table: TrickleTable, base: String = Self.orchestratorBase, interimTime: Duration = .seconds(10),
        isPrivate: @escaping @Sendable () -> Bool = { false }
    ) {
        self.isPrivate = isPrivate
        self.table = table
        self.base = base
        self.interimTime = interimTime
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = request.head.path ?? ""
        guard path.utf8.count <= base.utf8.count + 2 * TrickleTable.longestName else {
            return try await refuse(.uriTooLong, "a channel's name may have \(TrickleTable.longestName) bytes", writer)
        }
        switch (TrickleRoute(path, base: base), request.head.method) {
        case (.channel(let name), .post): try await create(name, request, writer)
        case (.channel(let name), .delete): try await delete(name, writer)
        case (.channel, _): try await disallow("DELETE, POST", writer)
        case (.segment(let name, "next"), .get), (.segment(let name, "next"), .head): try await next(of: name, writer)
        case (.segment(let name, let index), .post): try await publish(name, index, request, writer)
        case (.segment(let name, let index), .get), (.segment(let name, let index), .head):
            try await subscribe(name, index, request, writer)
        case (.segment(let name, let index), .delete): try await deleteSegment(name, index, writer)
        case (.segment, _): try await disallow("DELETE, GET, HEAD, POST", writer)
        case (nil, _): try await refuse(.notFound, "404 page not found", writer)
        }
    }

    private func create(_ name: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        switch table.find(name, for: .write) {
        case .channel: return try await writer.send(.ok)
        case .forbidden: return try await forbid(.write, writer)
        case .unknown, .closed: break
        }
        guard table.settings.autocreate else { return try await refuse(.notFound, Self.noChannel, writer) }
        guard try await create(name, request.head.headerFields[.expectContent], writer) else { return }
        try await writer.send(.ok)
    }

    /// - Returns: `false` when the request has been answered with why not.
    func create(_ name: String, _ contentType: String?, _ writer: HTTPResponseWriter) async throws -> Bool {
        do {
            try table.create(name, contentType: contentType ?? "")
            return true
        } catch .badName(let text) {
            try await refuse(.badRequest, text, writer, closes: true)
        } catch .limitReached(let text) {
            table.metrics.refused.increment()
            try await refuse(.tooManyRequests, text, writer, closes: true)
        } catch {
            try await refuse(.notFound, Self.noChannel, writer, closes: true)
        }
        return false
    }

    private func delete(_ name: String, _ writer: HTTPResponseWriter) async throws {
        switch table.find(name, for: .write) {
        case .channel:
            table.close(name)
            try await writer.send(.ok)
        case .forbidden: try await forbid(.write, writer)
        // As the reference has it, not 404.
        case .unknown, .closed: try await refuse(.badRequest, "Invalid stream", writer)
        }
    }

    private func deleteSegment(_ name: String, _ index: String, _ writer: HTTPResponseWriter) async throws {
        switch table.find(name, for: .write) {
        case .channel(let relay):
            guard let index = TrickleIndex(index) else { return try await refuse(.badRequest, Self.badIndex, writer) }
            // -1 and -2 name no segment here.
            guard case .number(let sequence) = index, relay.closeSegment(sequence) else {
                return try await refuse(.badRequest, "Nonexistent segment", writer)
            }
            try await writer.send(.ok)
        case .forbidden: try await forbid(.write, writer)
        case .unknown, .closed: try await refuse(.notFound, Self.noChannel, writer)
        }
    }

    private func next(of name: String, _ writer: HTTPResponseWriter) async throws {
        // Publishers ask to find out where to go on, subscribers where to begin.
        var found = table.find(name, for: .read)
        if case .forbidden = found { found = table.find(name, for: .write) }
        guard case .channel(let relay) = found else { return try await refuse(.notFound, Self.noChannel, writer) }
        let latest = "\(relay.nextWrite)"
        try await writer.send(
            .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store", .trickleLatest: latest],
            body: ByteBuffer(string: latest))
    }

    static let noChannel = "Stream not found"
    static let badIndex = "Invalid idx"

    /// - Parameter closes: the connection, so that a publisher's next segment, announced on it, is not stuck behind this one.
    func refuse(
        _ status: HTTPResponse.Status, _ text: String, _ writer: HTTPResponseWriter, headers: HTTPFields = [:], closes: Bool = false
    ) async throws {
        var headers = headers
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.xContentTypeOptions] = "nosniff"
        headers[.cacheControl] = "no-store"
        if closes { headers[.connection] = "close" }
        try await writer.send(status, headers: headers, body: ByteBuffer(string: text + "\n"))
    }

    func forbid(_ wanted: TrickleTable.Rights, _ writer: HTTPResponseWriter) async throws {
        let text = wanted == .write ? "this URL is for reading; publish to the one for writing" : "this URL is for writing; read the other"
        try await refuse(.forbidden, text, writer, closes: wanted == .write)
    }

    private func disallow(_ methods: String, _ writer: HTTPResponseWriter) async throws {
        try await refuse(.methodNotAllowed, "Method Not Allowed", writer, headers: [.allow: methods])
    }
}
