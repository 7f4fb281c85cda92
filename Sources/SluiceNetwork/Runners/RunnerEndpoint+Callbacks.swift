import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

/// What runners ask for their sessions (specs/byoc §13.5).
extension RunnerEndpoint {
    private static let mostChannelsAtOnce = 25
    private static let longestChannelName = 64
    private static let usualContentType = "application/octet-stream"

    func callback(
        _ runner: String, _ id: SessionID, _ callback: RunnerRoute.Callback, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter
    ) async throws {
        let proof = request.head.headerFields[.sessionToken] ?? ""
        guard desk.keys.isSession(proof, id) else { return try await writer.say(.unauthorized, "invalid authorization") }
        guard let session = desk.service.session(id, of: runner) else { throw RunnerRefusal.noSuchSession }
        // It lives, says the runner.
        _ = desk.service.renew(id)
        switch (callback, request.head.method) {
        case (.channels, .post): try await addChannels(to: id, request, writer)
        case (.channels, .delete): try await removeChannels(from: id, request, writer)
        case (.proxy, .post): try await addProxy(to: session, request, writer)
        case (.stop, .post):
            desk.service.release(id, .stopped)
            try await writer.send(.noContent)
        default:
            let allowed = callback == .channels ? "DELETE, POST" : "POST"
            try await writer.say(.methodNotAllowed, "Method Not Allowed", headers: [.allow: allowed])
        }
    }

    private func json(_ request: HTTPServerRequest) async throws -> JSONTree {
        let body = try await request.body.collect(upTo: Self.longestBody)
        return body.readableBytes == 0 ? .object([]) : try JSONTree(parsing: body.readableBytesView)
    }

    private func list(_ json: JSONTree) throws(JSONFault) -> [JSONTree] {
        guard let list = json["channels"]?.elements, !list.isEmpty else { throw JSONFault("channels is required") }
        guard list.count <= Self.mostChannelsAtOnce else {
            throw JSONFault("channels: at most \(Self.mostChannelsAtOnce) at once are right")
        }
        return list
    }

    private func addChannels(to id: SessionID, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        var wanted: [RunnerChannel] = []
        for (place, entry) in try list(try await json(request)).enumerated() {
            let fields = JSONFields(entry)
            do throws(JSONFault) {
                // As the reference: a slash becomes a dash.
                let name = try fields.text("name", longest: Self.longestChannelName).replacing("/", with: "-")
                let isRight =
                    !name.isEmpty
                    && name.utf8.allSatisfy { RunnerForm.isUnreserved($0) && $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "~") }
                guard isRight else { throw JSONFault("name '\(name)': letters, digits, '-' and '_' are right") }
                let type = try fields.text("mime_type", longest: RunnerForm.longestText)
                wanted.append(RunnerChannel(name: name, contentType: type.isEmpty ? Self.usualContentType : type))
            } catch { throw JSONFault("channels[\(place)]: \(error.description)") }
        }
        let made = try desk.service.addChannels(wanted, to: id)
        for channel in made {
            guard desk.channels.create("\(id)-\(channel.name)", channel.contentType) else {
                throw RunnerRefusal.tooMany("the orchestrator has no room for more trickle channels")
            }
        }
        // It may have ended meanwhile, and with it the channels it had then.
        guard desk.service.renew(id) else {
            for channel in made { desk.channels.close("\(id)-\(channel.name)") }
            throw RunnerRefusal.noSuchSession
        }
        try await writer.send(json: desk.answers.channels(made, of: id))
    }

    private func removeChannels(from id: SessionID, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        let names = try list(try await json(request)).map { entry throws(JSONFault) in
            guard let name = entry.string else { throw JSONFault("channels: names are right") }
            return name
        }
        guard desk.service.removeChannels(names, from: id) else { return try await writer.say(.notFound, "trickle channel not found") }
        for name in names { desk.channels.close("\(id)-\(name)") }
        try await writer.send(json: .members(["deleted": .list(names.map { .text($0) })]))
    }

    private func addProxy(to session: RunnerSession, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        let text = try JSONFields(try await json(request)).text("target_url", longest: RunnerForm.longestURL)
        var target: String?
        if !text.isEmpty {
            let url = try RunnerForm.url(text, "target_url")
            // Another machine than its own is nothing that a runner may have us ask.
            guard let wanted = try? WebAddress(url), let own = try? WebAddress(session.url), wanted.authority.host == own.authority.host
            else { throw JSONFault("target_url '\(text)': its host must be that of runner_url") }
            target = url
        }
        let id = try desk.service.addProxy(to: session.id, url: target)
        try await writer.send(json: desk.answers.proxy(id))
    }
}
