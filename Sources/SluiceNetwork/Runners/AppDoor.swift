import Foundation
package import HTTPTypes
package import NIOCore
import SluiceTypes
import SluiceWire

/// The gateway's face for applications: `ANY /apps/{app}/…` finds a runner, asks it, and says who it was.
package struct AppDoor: ProxyRouter, HTTPResponder {
    private let desk: AppDesk
    /// How clients reach this gateway, without a slash at its end.
    private let base: @Sendable (HTTPRequest) -> String

    /// - Parameter base: how the client of a request reaches this gateway.
    package init(_ desk: AppDesk, base: @escaping @Sendable (HTTPRequest) -> String) {
        self.desk = desk
        self.base = base
    }

    package static func owns(_ path: some StringProtocol) -> Bool { path == "/discovery" || path.hasPrefix(RunnerRoute.apps) }

    private func route(_ request: HTTPRequest) -> AppRoute { AppRoute(request.path ?? "", knows: desk.directory.knows) }

    // MARK: Requests that are passed on

    package func takes(_ request: HTTPRequest) -> Bool {
        guard request.path?.hasPrefix(RunnerRoute.apps) == true else { return false }
        switch route(request) {
        case .call, .session: return true
        case .reserve, .bareSession, .verb, .unknown: return false
        }
    }

    package func decide(on request: HTTPRequest, loop: any EventLoop) -> EventLoopFuture<ProxyDecision> {
        switch route(request) {
        case .call(let app, let path):
            guard !RunnerRoute.escapes(path) else { break }
            return call(app, path, request, loop)
        case .session(let id, let path):
            guard !RunnerRoute.escapes(path) else { break }
            guard let session = desk.sessions.find(id) else {
                return loop.makeSucceededFuture(.answer(.refusal(.notFound, "session not found")))
            }
            return loop.makeSucceededFuture(forward(session, path: path))
        default: return loop.makeSucceededFuture(.answer(.refusal(.notFound, "404 page not found")))
        }
        return loop.makeSucceededFuture(.answer(.refusal(.badRequest, "'.' and '..' are no elements of an app's path")))
    }

    private func call(_ app: String, _ path: String, _ request: HTTPRequest, _ loop: any EventLoop) -> EventLoopFuture<ProxyDecision> {
        do {
            let wish = try Self.wish(app, request)
            let chosen = try desk.directory.choose(wish, avoiding: [])
            if chosen.mode == .singleShot {
                return loop.makeSucceededFuture(.forward(try desk.forward(wish, path: path)))
            }
            // A session for this one request, be it a call, a stream of events or a WebSocket.
            return loop.makeFutureWithTask { [desk] in
                var wish = wish
                wish.mode = .persistent
                do { return forward(try await desk.reserve(wish, isOwn: false), path: path) } catch let lack as AppLack {
                    return .answer(lack.answer)
                }
            }
        } catch let lack as AppLack {
            return loop.makeSucceededFuture(.answer(lack.answer))
        } catch {
            return loop.makeSucceededFuture(.answer(.refusal(.badRequest, "\(error)")))
        }
    }

    private func forward(_ session: AppSession, path: String) -> ProxyDecision {
        guard let authority = desk.authority(of: session.runner.orchestrator) else {
            return .answer(.refusal(.badGateway, "no such orchestrator"))
        }
        var forward = ProxyForward(authority: authority, path: session.appPath + path, answerTime: desk.settings.answerTime)
        forward.answerHeaders = [.servedBy: session.runner.id.description, .servedByOrchestrator: session.runner.orchestrator.rawValue]
        AppWatch(desk.directory, session.runner.id).install(in: &forward)
        let (desk, place, told) = (desk, desk.sessions.newPlace(), forward.ended)
        forward.began = { cut in desk.sessions.begin(session.id, place, cut) }
        forward.ended = { outcome in
            told(outcome)
            if let over = desk.sessions.end(session.id, place) { desk.stop(over) }
        }
        return .forward(forward)
    }

    /// What its headers say of the runner that it wants.
    static func wish(_ app: String, _ request: HTTPRequest) throws(JSONFault) -> AppWish {
        let fields = request.headerFields
        var wish = AppWish(app: app, version: fields[.appVersion], gpu: fields[.appGPU])
        if let text = fields[.appMemory] {
            guard let memory = Int(text), memory >= 0 else {
                throw JSONFault("Sluice-App-Min-VRAM-MB '\(text)': a whole number of MB is right")
            }
            wish.leastMemoryMB = memory
        }
        if let text = fields[.appPrice] {
            guard let price = Double(text), price >= 0 else {
                throw JSONFault("Sluice-App-Max-Price '\(text)': US dollars are right, such as 0.5")
            }
            wish.mostPrice = price
        }
        return wish
    }

    // MARK: Requests that are answered here

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = request.head.path ?? ""
        if path.prefix(while: { $0 != "?" }) == "/discovery" { return try await discovery(request, writer) }
        switch route(request.head) {
        case .reserve(let app): try await reserve(app, request, writer)
        case .bareSession:
            let place = path.firstIndex(of: "?") ?? path.endIndex
            try await writer.send(.temporaryRedirect, headers: [.location: path[..<place] + "/" + path[place...]])
        case .verb(let id, .stop):
            guard request.head.method == .post else { return try await disallow("POST", writer) }
            if let session = desk.sessions.remove(id, why: "stopped") { desk.stop(session) }
            try await writer.send(.noContent)
        case .verb(let id, .renew):
            guard request.head.method == .post else { return try await disallow("POST", writer) }
            guard desk.sessions.renew(id) else { return try await writer.say(.notFound, "session not found") }
            try await writer.send(.noContent, headers: [.sessionLease: "\(desk.settings.lease.components.seconds)"])
        case .verb: try await writer.say(.notFound, "404 page not found")
        case .unknown, .call, .session:
            let apps = Set(desk.directory.runners.map(\.app)).sorted().prefix(Self.mostNamed)
            let known = apps.isEmpty ? "no orchestrator offers any" : "there is \(apps.joined(separator: ", "))"
            try await writer.say(
                .serviceUnavailable, "no runner serves an app at '\(path.prefix(200))'; \(known)", headers: [.retryAfter: "1"])
        }
    }

    /// Apps named in an error.
    private static let mostNamed = 20

    private func disallow(_ methods: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.say(.methodNotAllowed, "Method Not Allowed", headers: [.allow: methods])
    }

    private func reserve(_ app: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard request.head.method == .post else { return try await disallow("POST", writer) }
        do {
            var wish = try Self.wish(app, request.head)
            wish.mode = .persistent
            let session = try await desk.reserve(wish, isOwn: true)
            guard !Task.isCancelled else {
                // Nobody is there to use it.
                if let session = desk.sessions.remove(session.id, why: "its client went away") { desk.stop(session) }
                return
            }
            let control = "\(base(request.head))/apps/\(Self.escaped(app))/session/\(session.id)"
            try await writer.send(
                json: .members([
                    "session_id": .text(session.id.rawValue), "app_url": .text("\(control)/app"), "control_url": .text(control),
                ]),
                headers: [
                    .servedBy: session.runner.id.description, .servedByOrchestrator: session.runner.orchestrator.rawValue,
                    .sessionLease: "\(desk.settings.lease.components.seconds)",
                ])
        } catch let lack as AppLack {
            try await writer.say(lack.answer.status, lack.description, headers: [.retryAfter: "1"])
        } catch let fault as JSONFault {
            try await writer.say(.badRequest, fault.description)
        }
    }

    private static func escaped(_ app: String) -> String {
        app.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-_.~"))) ?? "" }
            .joined(separator: "/")
    }

    /// As an orchestrator's, with this gateway in its place; one entry to an app and orchestrator's runner.
    private func discovery(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard request.head.method == .get || request.head.method == .head else { return try await disallow("GET, HEAD", writer) }
        let base = base(request.head)
        let runners = desk.directory.runners.map { runner -> JSONTree in
            let url = "\(base)/apps/\(Self.escaped(runner.app))/\(runner.mode == .persistent ? "session" : "app")"
            let gpu = runner.gpu.map { JSONTree.members(["id": .text($0.id), "name": .text($0.name), "vram_mb": .int($0.memoryMB)]) }
            return .members([
                "url": .text(url), "gpu": gpu, "app": .text(runner.app), "version": runner.version.isEmpty ? nil : .text(runner.version),
                "mode": .text(runner.mode.rawValue), "capacity": .int(runner.capacity),
                "capacity_used": .int(runner.capacity - runner.available),
                "capacity_available": .int(runner.available), "orchestrator": .text(runner.orchestrator.rawValue),
            ])
        }
        try await writer.send(json: .list([.members(["address": .text(base), "runners": runners.isEmpty ? nil : .list(runners)])]))
    }
}

extension AppLack {
    /// Nobody, or nobody with room: it may be otherwise in a moment.
    var answer: HTTPDirectAnswer { .refusal(.serviceUnavailable, description, headers: [.retryAfter: "1"]) }
}
