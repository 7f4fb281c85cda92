package import HTTPTypes

/// The token that somebody shows, and where it stood.
package struct ShownToken: Hashable, Sendable {
    package enum Place: Hashable, Sendable { case header, query, path }

    package var text: String
    package var place: Place

    init(_ text: String, in place: Place) {
        self.text = text
        self.place = place
    }

    /// `Authorization: Bearer` before `?token=` before `?jwt=`.
    package init?(_ head: HTTPRequest) {
        if let field = head.headerFields[.authorization] {
            let parts = field.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" {
                self.init(String(parts[1]), in: .header)
                return
            }
        }
        guard let text = Self.queried(head.path ?? "") else { return nil }
        self.init(text, in: .query)
    }

    /// In the query of the stream's name, else of the app, else of the address that the peer connected to, else that address's user.
    package static func rtmp(connect: String?, app: String, name: String) -> String? {
        queried(name) ?? queried(app) ?? connect.flatMap { queried($0) ?? user(of: $0) }
    }

    /// The parameter `token`, or `jwt`, behind the first question mark; percent escapes undone.
    static func queried(_ address: String) -> String? {
        guard let mark = address.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        var found: String?
        for pair in address[address.index(after: mark)...].prefix(while: { $0 != "#" }).split(whereSeparator: { $0 == "&" || $0 == "?" }) {
            let halves = pair.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, let value = URLPath.decode(halves[1]) else { continue }
            if halves[0] == "token" { return value }
            if halves[0] == "jwt", found == nil { found = value }
        }
        return found
    }

    /// A path without those parameters.
    static func withoutQueried(_ path: String) -> String {
        guard let mark = path.firstIndex(of: "?") else { return path }
        let rest = path[path.index(after: mark)...].split(separator: "&").filter { !$0.hasPrefix("token=") && !$0.hasPrefix("jwt=") }
        return path[..<mark] + (rest.isEmpty ? "" : "?" + rest.joined(separator: "&"))
    }

    private static func user(of address: String) -> String? {
        let parts = address.split(separator: "://", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let authority = parts[1].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return nil }
        return URLPath.decode(authority[..<at].prefix { $0 != ":" }).flatMap { $0.isEmpty ? nil : $0 }
    }
}
