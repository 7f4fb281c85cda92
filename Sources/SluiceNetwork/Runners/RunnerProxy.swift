package import HTTPTypes
package import NIOCore
import SluiceTypes
import SluiceWire

/// Passes on to runners what clients of sessions, and clients with a single request, ask of them (specs/byoc §13.2).
package struct RunnerProxy: ProxyRouter {
    private let desk: RunnerDesk

    package init(_ desk: RunnerDesk) { self.desk = desk }

    package func takes(_ request: HTTPRequest) -> Bool {
        let path = request.path ?? ""
        if path.hasPrefix(RunnerRoute.apps) {
            switch RunnerRoute(path) {
            case .app, .single: return true
            default: return false
            }
        }
        return desk.answers.proxyURL.match(host: request.authority, path: path) != nil
    }

    package func decide(on request: HTTPRequest, loop: any EventLoop) -> EventLoopFuture<ProxyDecision> {
        let decision: ProxyDecision
        do { decision = .forward(try forward(request)) } catch let refusal as RunnerRefusal {
            decision = .answer(refusal.answer)
        } catch {
            decision = .answer(.refusal(.badGateway, "\(error)"))
        }
        return loop.makeSucceededFuture(decision)
    }

    private func forward(_ request: HTTPRequest) throws -> ProxyForward {
        let path = request.path ?? ""
        switch RunnerRoute(path) {
        case .app(let route, let id, let path):
            try check(path)
            guard let session = desk.service.session(id, of: route) else { throw RunnerRefusal.noSuchSession }
            return try desk.forward(session, to: session.url, path: path)
        case .single(let route, let path):
            try check(path)
            return try single(route, path)
        default:
            guard let found = desk.answers.proxyURL.match(host: request.authority, path: path) else { throw RunnerRefusal.noSuchRunner }
            try check(found.path)
            if let (session, url) = desk.service.session(proxy: found.id) { return try desk.forward(session, to: url, path: found.path) }
            // A single-shot runner's own.
            guard
                let offer = desk.service.offers.first(where: {
                    $0.facts.hasProxyURL && ($0.facts.label == found.id || $0.id.rawValue == found.id)
                })
            else { throw RunnerRefusal.noSuchRunner }
            return try single(offer.route, found.path)
        }
    }

    private func single(_ route: String, _ path: String) throws -> ProxyForward {
        let session = try desk.service.reserve(route, mode: .singleShot, isGuarded: false)
        do { return try desk.forward(session, to: session.url, path: path) } catch {
            desk.service.release(session.id, .finished)
            throw error
        }
    }

    private func check(_ path: String) throws {
        if RunnerRoute.escapes(path) { throw RunnerRefusal.invalid("'.' and '..' are no elements of an app's path") }
    }
}

extension RunnerRefusal {
    var status: HTTPResponse.Status {
        switch self {
        case .noSuchRunner, .noSuchSession: .notFound
        case .noCapacity, .tooMany: .serviceUnavailable
        case .notPersistent, .notSingleShot, .isStatic, .invalid: .badRequest
        }
    }

    /// In the reference's words where it has some.
    var text: String {
        switch self {
        case .noSuchRunner: "runner not found"
        case .noSuchSession: "session not found"
        case .noCapacity: "no capacity available for runner"
        case .notPersistent: "only persistent runners have sessions"
        case .notSingleShot: "runner is not single-shot"
        case .isStatic: "static runner cannot unregister with heartbeat credentials"
        case .tooMany(let text), .invalid(let text): text
        }
    }

    var answer: HTTPDirectAnswer { .refusal(status, text) }
}
