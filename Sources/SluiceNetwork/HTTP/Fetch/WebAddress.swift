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
        if Self.isPlain(reference) {
            let folder = path.prefix { $0 != "?" }
            guard let slash = folder.lastIndex(of: "/") else { throw Malformed(text: reference) }
            return WebAddress(authority: authority, path: folder[...slash] + reference)
        }
        guard let url = URL(string: reference, relativeTo: URL(string: description)) else { throw Malformed(text: reference) }
        return try WebAddress(url.absoluteString)
    }

    /// A name in the same folder or below it, which is what nearly all playlists have: no URL has to be taken apart for it.
    private static func isPlain(_ reference: String) -> Bool {
        guard let first = reference.utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "?") else { return false }
        var before: UInt8 = 0
        for byte in reference.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "?"), UInt8(ascii: "="), UInt8(ascii: "&"):
                break
            case UInt8(ascii: "."), UInt8(ascii: "/"):
                if before == byte { return false }
            default: return false
            }
            before = byte
        }
        return !reference.hasPrefix("./") && !reference.contains("/./")
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
