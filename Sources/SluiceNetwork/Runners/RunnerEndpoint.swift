import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

/// Discovery, registration, sessions and callbacks of live runners (specs/byoc §12 and §13), in the reference's words and codes.
package struct RunnerEndpoint: HTTPResponder {
    /// Heartbeats and callbacks are some hundred bytes; one with all the metadata allowed is under 4 kB.
    static let longestBody = 64 << 10
    /// A batch of a thousand static runners with all they may have.
    static let longestBatch = 8 << 20
    private static let keepAliveInterval: Duration = .seconds(10)

    let desk: RunnerDesk

    package init(_ desk: RunnerDesk) { self.desk = desk }

    /// Whether a path is one of these.
    package static func takes(_ path: some StringProtocol) -> Bool {
        path == "/discovery" || path == "/discovery/feed" || path.hasPrefix(RunnerRoute.apps) || path.hasPrefix(RunnerRoute.runner)
            || path.hasPrefix("/runners/")
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let raw = request.head.path ?? ""
        let path = String(raw.prefix { $0 != "?" })
        do {
            switch path {
            case "/discovery": try await discovery(request, writer)
            case "/discovery/feed": try await feed(request, writer)
            case "/runners/heartbeat": try await post(request, writer) { try await heartbeat(request, writer) }
            case _ where path.hasPrefix("/runners/") && path.hasSuffix("/unregister"):
                let route = String(path.dropFirst("/runners/".count).dropLast("/unregister".count))
                try await post(request, writer) { try await unregister(route, request, writer) }
            default: try await answer(RunnerRoute(raw), request, writer)
            }
        } catch let refusal as RunnerRefusal {
            try await writer.say(refusal.status, refusal.text)
        } catch let fault as JSONFault {
            try await writer.say(.badRequest, fault.description)
        } catch let error as HTTPBodyTooLarge {
            try await writer.say(.contentTooLarge, error.description)
        }
    }

    private func answer(_ route: RunnerRoute?, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        switch route {
        case .reserve(let runner): try await post(request, writer) { try await reserve(runner, request, writer) }
        case .bareApp:
            // Before any look at the session, as the reference.
            let bare = request.head.path ?? ""
            let place = bare.firstIndex(of: "?") ?? bare.endIndex
            try await redirect(to: bare[..<place] + "/" + bare[place...], writer)
        case .session(let runner, let id, .stop): try await post(request, writer) { try await stop(runner, id, request, writer) }
        case .session(_, _, .payment): try await writer.say(.forbidden, "missing auth token")
        case .session(let runner, let id, .renew):
            try await post(request, writer) {
                guard desk.service.session(id, of: runner) != nil, desk.service.renew(id) else { throw RunnerRefusal.noSuchSession }
                try await writer.send(.noContent, headers: [.sessionLease: "\(desk.service.lease.components.seconds)"])
            }
        case .session(let runner, let id, .hold): try await hold(runner, id, request, writer)
        case .callback(let runner, let id, let callback): try await self.callback(runner, id, callback, request, writer)
        case .app, .single, nil: try await writer.say(.notFound, "404 page not found")
        }
    }

    func post(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter, _ body: () async throws -> Void) async throws {
        guard request.head.method == .post else {
            return try await writer.say(.methodNotAllowed, "Method Not Allowed", headers: [.allow: "POST"])
        }
        try await body()
    }

    // MARK: Discovery

    private func discovery(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard request.head.method == .get || request.head.method == .head else {
            return try await writer.say(.methodNotAllowed, "Method Not Allowed", headers: [.allow: "GET, HEAD"])
        }
        try await writer.send(json: desk.answers.discovery(desk.service.offers))
    }

    /// Server-sent events: all that discovery shows, at once and with every change. Changes that come while one is being sent are one.
    private func feed(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard request.head.method == .get else {
            return try await writer.say(.methodNotAllowed, "Method Not Allowed", headers: [.allow: "GET"])
        }
        guard let (stirs, number) = desk.feed.watch() else {
            return try await writer.say(.serviceUnavailable, "the feed has \(RunnerFeed.mostWatchers) readers, its limit; poll /discovery")
        }
        defer { desk.feed.leave(number) }
        try await writer.begin(.ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
        var last: String?
        for await hasStirred in EventTicks.of(stirs, every: Self.keepAliveInterval) {
            let text = desk.answers.discovery(desk.service.offers).text
            if text != last {
                last = text
                try await writer.write(ByteBuffer(string: "event: discovery\ndata: \(text)\n\n"))
            } else if !hasStirred {
                try await writer.write(ByteBuffer(string: ": still here\n\n"))
            }
        }
    }

    // MARK: Registration

    private func heartbeat(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard desk.settings.secret != nil else { return try await writer.say(.notFound, "runner registration is disabled") }
        let proof = request.head.headerFields[.authorization] ?? ""
        let body = try await request.body.collect(upTo: Self.longestBody)
        let isNew = desk.isOrchestratorSecret(proof)
        let json: JSONTree
        do { json = try JSONTree(parsing: body.readableBytesView) } catch {
            // Strangers are not told what is wrong with what they send.
            guard isNew else { return try await writer.say(.unauthorized, Self.unauthorized) }
            throw error
        }
        let known = json["runner_id"]?.string.flatMap { desk.service.standing(of: $0) }
        if !isNew {
            guard let known, desk.keys.isHeartbeat(proof, of: known.id, birth: known.birth) else {
                return try await writer.say(.unauthorized, Self.unauthorized)
            }
            if known.isExpired { throw RunnerRefusal.noSuchRunner }
        }
        let standing = try desk.service.heartbeat(try RunnerForm.heartbeat(json), isNew: isNew)
        let secret = isNew ? desk.keys.heartbeat(standing.id, birth: standing.birth) : nil
        let channel = isNew ? desk.channels.name(of: standing.id).map(desk.answers.runnerChannel) : nil
        try await writer.send(
            json: desk.answers.heartbeat(
                standing, interval: desk.settings.heartbeatInterval, ttl: desk.settings.heartbeatTTL, secret: secret, channel: channel))
    }

    private static let unauthorized = "invalid registration authorization"

    private func unregister(_ route: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard let known = desk.service.standing(of: route), !known.isExpired else { throw RunnerRefusal.noSuchRunner }
        guard known.origin == .dynamic else { throw RunnerRefusal.isStatic }
        guard desk.keys.isHeartbeat(request.head.headerFields[.authorization] ?? "", of: known.id, birth: known.birth) else {
            return try await writer.say(.unauthorized, "invalid authorization")
        }
        try desk.service.unregister(known.id.rawValue)
        try await writer.send(.noContent)
    }

    /// An operator's batch, on the admin port. Its answer tells who is well, so they are asked first.
    package func register(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        do {
            let body = try await request.body.collect(upTo: Self.longestBatch)
            let standings = try desk.service.register(try RunnerForm.batch(try JSONTree(parsing: body.readableBytesView)))
            await RunnerHealth(desk).check(standings)
            try await writer.send(json: RunnerAnswers.registered(standings.compactMap { desk.service.standing(of: $0.id.rawValue) }))
        } catch let fault as JSONFault {
            try await writer.say(.badRequest, fault.description)
        } catch let refusal as RunnerRefusal {
            try await writer.say(refusal.status, refusal.text)
        } catch let error as HTTPBodyTooLarge {
            try await writer.say(.contentTooLarge, error.description)
        }
    }

    // MARK: Sessions

    private func reserve(_ runner: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        // Old clients know of no key; who sends the header, whatever is in it, wants one.
        let wantsKey = request.head.headerFields[.sessionKey] != nil || desk.settings.guardsAll
        let session = try desk.service.reserve(runner, mode: .persistent, isGuarded: wantsKey)
        try await writer.send(
            json: desk.answers.session(session),
            headers: [.sessionKey: desk.keys.client(session.id), .sessionLease: "\(desk.service.lease.components.seconds)"])
    }

    /// 204 for one that is not there, as the reference: an end is an end.
    private func stop(_ runner: String, _ id: SessionID, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        if let session = desk.service.session(id, of: runner) {
            let fields = request.head.headerFields
            let isProven =
                fields[.sessionKey].map { desk.keys.isClient($0, id) } ?? fields[.sessionToken].map { desk.keys.isSession($0, id) } ?? false
            guard isProven || !session.isGuarded else {
                return try await writer.say(.unauthorized, "this session is stopped with its Livepeer-Session-Key")
            }
            desk.service.release(id, .stopped)
        }
        try await writer.send(.noContent)
    }

    /// Keeps a session for as long as this answer is read, and not a moment longer: a client that dies frees its place.
    private func hold(_ runner: String, _ id: SessionID, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard request.head.method == .get else {
            return try await writer.say(.methodNotAllowed, "Method Not Allowed", headers: [.allow: "GET"])
        }
        guard desk.service.session(id, of: runner) != nil, desk.service.hold(id) else { throw RunnerRefusal.noSuchSession }
        defer { desk.service.letGo(id) }
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let place = desk.exchanges.newPlace()
        desk.exchanges.add(id, place) { _ in end.finish() }
        defer { desk.exchanges.remove(id, place) }
        // It may have ended before it could tell us.
        if desk.service.session(id, of: runner) == nil { end.finish() }
        try await writer.begin(.ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
        try await writer.write(ByteBuffer(string: "event: held\ndata: {}\n\n"))
        for await hasStirred in EventTicks.of(ends, every: Self.keepAliveInterval) where !hasStirred {
            try await writer.write(ByteBuffer(string: ": still here\n\n"))
        }
        try await writer.write(ByteBuffer(string: "event: released\ndata: {}\n\n"))
        try await writer.finish()
    }

    private func redirect(to path: String, _ writer: HTTPResponseWriter) async throws {
        let escaped = path.replacing("&", with: "&amp;").replacing("\"", with: "&#34;").replacing("<", with: "&lt;")
        try await writer.send(
            .temporaryRedirect, headers: [.contentType: "text/html; charset=utf-8", .location: path],
            body: ByteBuffer(string: "<a href=\"\(escaped)\">Temporary Redirect</a>.\n\n"))
    }
}

extension HTTPResponseWriter {
    /// One line of text, with the headers the reference's errors have.
    func say(_ status: HTTPResponse.Status, _ text: String, headers: HTTPFields = [:]) async throws {
        let answer = HTTPDirectAnswer.refusal(status, text, headers: headers)
        try await send(status, headers: answer.headers, body: answer.pieces.first)
    }

    func send(json: JSONTree, headers: HTTPFields = [:]) async throws {
        var headers = headers
        headers[.contentType] = "application/json"
        try await send(.ok, headers: headers, body: ByteBuffer(string: json.text))
    }
}

/// What stirs, and the passing of time.
enum EventTicks {
    /// - Returns: `true` for what came from `stirs`, `false` whenever another `interval` is over; ends with `stirs`. The first comes at once.
    static func of(_ stirs: AsyncStream<Void>, every interval: Duration) -> AsyncStream<Bool> {
        let (ticks, tick) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        tick.yield(true)
        let work = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in stirs { tick.yield(true) }
                    tick.finish()
                }
                group.addTask { while (try? await Task.sleep(for: interval)) != nil { tick.yield(false) } }
                await group.next()
                group.cancelAll()
            }
        }
        tick.onTermination = { _ in work.cancel() }
        return ticks
    }
}
