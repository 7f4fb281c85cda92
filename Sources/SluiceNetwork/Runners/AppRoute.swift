import Foundation
import SluiceTypes

/// What a path below a gateway's `/apps/` asks for. An app's name may have slashes; the longest one that is known counts.
enum AppRoute: Hashable {
    /// One request, or a session of its own for one that lasts.
    case call(app: String, path: String)
    case reserve(app: String)
    case session(SessionID, path: String)
    case bareSession
    case verb(SessionID, RunnerRoute.Verb)
    case unknown

    /// - Parameter path: raw, with the query; begins with `/apps/`.
    init(_ path: String, knows: (String) -> Bool) {
        let bare = path.dropFirst(RunnerRoute.apps.count).prefix { $0 != "?" }
        let query = path.dropFirst(RunnerRoute.apps.count + bare.count)
        let parts = bare.split(separator: "/", omittingEmptySubsequences: false)
        var found: (app: String, count: Int)?
        var name = ""
        for (place, part) in parts.prefix(Self.mostElements).enumerated() {
            name += (place > 0 ? "/" : "") + (part.removingPercentEncoding ?? String(part))
            if knows(name) { found = (name, place + 1) }
        }
        guard let found else {
            self = .unknown
            return
        }
        let rest = parts.dropFirst(found.count)
        let tail = rest.dropFirst()
        func joined(_ parts: ArraySlice<Substring>) -> String { "/" + parts.joined(separator: "/") + query }
        switch (rest.first, tail.count) {
        case ("session", 0): self = .reserve(app: found.app)
        case ("session", 2...) where tail.dropFirst().first == "app":
            let id = SessionID(String(tail.first ?? ""))
            self = tail.count == 2 ? .bareSession : .session(id, path: joined(tail.dropFirst(2)))
        case ("session", 2):
            self = RunnerRoute.Verb(rawValue: String(tail.last ?? "")).map { .verb(SessionID(String(tail.first ?? "")), $0) } ?? .unknown
        case ("app", _): self = .call(app: found.app, path: joined(tail))
        default: self = .call(app: found.app, path: joined(rest))
        }
    }

    /// Elements that an app's name may have.
    private static let mostElements = 8
}
