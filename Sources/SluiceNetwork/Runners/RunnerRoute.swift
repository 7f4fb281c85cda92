import SluiceTypes

/// What a path below `/apps/` or `/runner/` asks for. The app's own path stays as it came.
enum RunnerRoute: Hashable {
    enum Verb: String {
        case payment, stop, renew, hold
    }
    enum Callback: String {
        case channels, proxy, stop
    }

    /// `/apps/{runner}/session`
    case reserve(String)
    /// `/apps/{runner}/session/{id}/{verb}`
    case session(String, SessionID, Verb)
    /// `/apps/{runner}/session/{id}/app`, without the slash that belongs there.
    case bareApp(String, SessionID)
    /// `/apps/{runner}/session/{id}/app/…`
    case app(String, SessionID, path: String)
    /// `/apps/{runner}/app/…`
    case single(String, path: String)
    /// `/runner/{runner}/session/{id}/{callback}`
    case callback(String, SessionID, Callback)

    static let apps = "/apps/"
    static let runner = "/runner/"

    /// - Parameter path: raw, with the query.
    init?(_ path: String) {
        let isApps = path.hasPrefix(Self.apps)
        guard isApps || path.hasPrefix(Self.runner) else { return nil }
        var rest = path.dropFirst(isApps ? Self.apps.count : Self.runner.count)
        guard let route = Self.element(&rest), let kind = Self.element(&rest) else { return nil }
        switch kind {
        case "app" where isApps: self = .single(route, path: Self.tail(rest))
        case "session":
            guard let id = Self.element(&rest) else {
                guard isApps, Self.isEnd(rest) else { return nil }
                self = .reserve(route)
                return
            }
            guard let verb = Self.element(&rest) else { return nil }
            let session = SessionID(id)
            if isApps, verb == "app" {
                self = Self.isEnd(rest) ? .bareApp(route, session) : .app(route, session, path: Self.tail(rest))
            } else if isApps, let verb = Verb(rawValue: verb), Self.isEnd(rest) {
                self = .session(route, session, verb)
            } else if !isApps, let callback = Callback(rawValue: verb), Self.isEnd(rest) {
                self = .callback(route, session, callback)
            } else {
                return nil
            }
        default: return nil
        }
    }

    /// The next element, and the slash before it; `nil` where there is none.
    private static func element(_ rest: inout Substring) -> String? {
        let here = rest.first == "/" ? rest.dropFirst() : rest
        let raw = here.prefix { $0 != "/" && $0 != "?" }
        guard !raw.isEmpty else { return nil }
        rest = here.dropFirst(raw.count)
        return String(raw)
    }

    private static func isEnd(_ rest: Substring) -> Bool { rest.isEmpty || rest.first == "?" }

    private static func tail(_ rest: Substring) -> String { rest.first == "/" ? String(rest) : "/" + rest }

    /// A path that would leave the place where the app's paths begin.
    static func escapes(_ path: String) -> Bool {
        path.prefix { $0 != "?" }.split(separator: "/").contains { part in
            let plain = part.lowercased().replacing("%2e", with: ".")
            return plain == ".." || plain == "."
        }
    }
}
