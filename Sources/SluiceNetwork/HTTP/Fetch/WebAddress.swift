import Foundation

/// An `http` or `https` URL taken apart.
package struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    package struct Malformed: Error, CustomStringConvertible {
        package let text: String
        package var description: String { "'\(text)' is no address; http://host:port/path or https://… is right" }
    }

    package let authority: HTTPAuthority
    /// With the query.
    package let path: String

    package init(_ text: String) throws(Malformed) {
        guard let url = URL(string: text), let host = url.host(percentEncoded: false), !host.isEmpty,
            let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https"
        else { throw Malformed(text: text) }
        let isSecure = scheme == "https"
        authority = HTTPAuthority(isSecure: isSecure, host: host, port: url.port ?? (isSecure ? 443 : 80))
        let path = url.path(percentEncoded: true)
        self.path = (path.isEmpty ? "/" : path) + (url.query(percentEncoded: true).map { "?\($0)" } ?? "")
    }

    /// An address as a playlist at this one names it.
    package func resolving(_ reference: String) throws(Malformed) -> WebAddress {
        guard let url = URL(string: reference, relativeTo: URL(string: description)) else { throw Malformed(text: reference) }
        return try WebAddress(url.absoluteString)
    }

    /// With more parameters in the query.
    package func asking(_ parameters: String) -> WebAddress {
        WebAddress(authority: authority, path: path + (path.contains("?") ? "&" : "?") + parameters)
    }

    private init(authority: HTTPAuthority, path: String) {
        self.authority = authority
        self.path = path
    }

    package var description: String { "\(authority)\(path)" }
}
