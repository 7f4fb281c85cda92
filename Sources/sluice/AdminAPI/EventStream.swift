import HTTPTypes
import NIOCore
import SluiceNetwork

/// `GET /api/v1/events`: server-sent events until either side goes (HTML, section 9.2).
///
///     ?overview=on        how everything stands, once a second, as an event `overview`
///     ?types=miss,hedge   these alone
///     Last-Event-ID       header: go on behind that one
struct EventStream: Sendable {
    /// Proxies take a connection on which nothing moves for dead.
    private static let quietTicks = 10

    let desk: Desk

    func serve(_ request: APIRequest, with writer: HTTPResponseWriter) async throws {
        try request.visitor.require(.read, for: "listening")
        let types = try types(request.query["types"])
        let last = request.head.headerFields[HTTPField.Name.lastEventID]
        guard let listening = desk.feed.listen(after: last, wantsOverview: request.query["overview"] == "on") else {
            var problem = APIProblem(
                .serviceUnavailable, "listeners", "\(EventFeed.mostListeners) listen already, or the gateway is about to end", at: "path",
                right: "close a console, or come again")
            problem.headers[.retryAfter] = "5"
            throw problem
        }
        defer { desk.feed.leave(listening) }
        try await writer.begin(.ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
        // A page tries again after a second.
        try await writer.write(ByteBuffer(string: "retry: 1000\n\n"))
        var next: Int?
        var quiet = 0
        for await _ in listening.news {
            for item in listening.take() {
                switch item {
                case .event(let event):
                    if let next, event.number > next {
                        try await writer.write(ByteBuffer(string: "event: left-out\ndata: {\"events\":\(event.number - next)}\n\n"))
                    }
                    next = event.number + 1
                    guard types?.contains(event.kind) ?? true else { continue }
                    try await writer.write(event.frame)
                case .overview(let frame): try await writer.write(frame)
                case .tick:
                    quiet += 1
                    guard quiet >= Self.quietTicks else { continue }
                    try await writer.write(ByteBuffer(string: ": still here\n\n"))
                }
                quiet = 0
            }
        }
        try await writer.finish()
    }

    private func types(_ text: String?) throws(APIProblem) -> Set<EventFeed.Kind>? {
        guard let text else { return nil }
        var types: Set<EventFeed.Kind> = []
        for part in text.split(separator: ",") {
            guard let kind = EventFeed.Kind(rawValue: String(part)) else {
                throw APIProblem(
                    .badRequest, "unknown-type", "there is no event '\(part)'", at: "query, types",
                    right: EventFeed.Kind.allCases.map(\.rawValue).joined(separator: ", "))
            }
            types.insert(kind)
        }
        return types
    }
}

extension HTTPField.Name {
    static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .ifRange
}
