import Foundation

/// An orchestrator as a person writes it: `host`, `host:port` or `https://host:port` (specs/transcoding-protocol §1.4).
package struct OrchestratorAddress: Hashable, Sendable, CustomStringConvertible {
    package struct Malformed: Error, CustomStringConvertible {
        package let text: String
        package var description: String { "'\(text)' is no orchestrator; host, host:port or https://host:port is right" }
    }

    static let defaultPort = 8935

    package let authority: HTTPAuthority

    package init(_ text: String) throws(Malformed) {
        var rest = text[...]
        var isSecure = true
        if rest.hasPrefix("https://") {
            rest = rest.dropFirst("https://".count)
        } else if rest.hasPrefix("http://") {
            rest = rest.dropFirst("http://".count)
            isSecure = false
        }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let (host, port) = Self.split(rest), !host.isEmpty, !host.contains("/") else { throw Malformed(text: text) }
        guard port.isEmpty || (Int(port).map { (1...65_535).contains($0) } ?? false) else { throw Malformed(text: text) }
        authority = HTTPAuthority(isSecure: isSecure, host: String(host), port: Int(port) ?? Self.defaultPort)
    }

    package var description: String { authority.description }

    private static func split(_ text: Substring) -> (host: Substring, port: Substring)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            return (text[text.index(after: text.startIndex)..<end], after.dropFirst())
        }
        guard let colon = text.lastIndex(of: ":") else { return (text, "") }
        return (text[..<colon], text[text.index(after: colon)...])
    }
}

/// An `http` or `https` URL as far as a request to it needs it understood.
package struct RemoteURL: Hashable, Sendable {
    package let authority: HTTPAuthority
    /// With the query.
    package let path: String

    package init?(_ text: String) {
        guard let scheme = text.range(of: "://") else { return nil }
        let name = text[..<scheme.lowerBound]
        guard name == "https" || name == "http" else { return nil }
        let rest = text[scheme.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let address = try? OrchestratorAddress("\(name)://\(rest[..<slash])") else { return nil }
        let hasPort = rest[..<slash].hasSuffix("]") ? false : rest[..<slash].contains(":")
        var authority = address.authority
        if !hasPort { authority.port = authority.isSecure ? 443 : 80 }
        self.authority = authority
        self.path = slash == rest.endIndex ? "/" : String(rest[slash...])
    }
}
