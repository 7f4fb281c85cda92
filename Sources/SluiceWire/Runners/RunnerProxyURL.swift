import Foundation

/// A URL with one `{proxy}`, in the host or as the last element of the path: under it a session is reached without its name
/// (specs/byoc §13.4).
package struct RunnerProxyURL: Hashable, Sendable {
    private static let mark = "{proxy}"

    private let before: String
    private let after: String
    /// What the host begins and ends with; `nil` when the mark is in the path.
    private let host: (prefix: String, suffix: String)?
    /// What the path begins with.
    private let path: String

    /// - Throws: `JSONFault`: no URL of that kind.
    package init(_ template: String) throws(JSONFault) {
        let parts = template.split(separator: Self.mark, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw JSONFault("'\(template)' has \(parts.count - 1) times {proxy}; once is right") }
        _ = try RunnerForm.url(parts[0] + "x" + parts[1], "the proxy URL", ports: 0...65_535)
        (before, after) = (parts[0], parts[1])
        guard let scheme = template.range(of: "://") else { throw JSONFault("'\(template)' is no URL") }
        let rest = template[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        let tail = rest.dropFirst(authority.count)
        if let mark = authority.range(of: Self.mark) {
            guard tail.isEmpty || tail == "/" else { throw JSONFault("'\(template)': behind a host with {proxy} no path is right") }
            host = (
                String(authority[..<mark.lowerBound]).lowercased(),
                String(authority[mark.upperBound...].prefix { $0 != ":" }).lowercased()
            )
            path = ""
        } else {
            guard tail.hasSuffix("/" + Self.mark) else {
                throw JSONFault("'\(template)': {proxy} is right in the host, or as the end of the path")
            }
            host = nil
            path = String(tail.dropLast(Self.mark.count))
        }
    }

    package func url(_ id: String) -> String { before + id + (after == "/" ? "" : after) }

    /// - Parameters:
    ///   - host: of the request, with or without port.
    ///   - path: raw, with the query.
    /// - Returns: who is asked for, and the path that remains; `nil` when the URL is none of these.
    package func match(host name: String?, path asked: String) -> (id: String, path: String)? {
        if let host {
            let name = (name ?? "").prefix { $0 != ":" }.lowercased()
            guard name.count > host.prefix.count + host.suffix.count, name.hasPrefix(host.prefix), name.hasSuffix(host.suffix) else {
                return nil
            }
            return (String(name.dropFirst(host.prefix.count).dropLast(host.suffix.count)), asked)
        }
        guard asked.hasPrefix(path) else { return nil }
        let rest = asked.dropFirst(path.count)
        let id = rest.prefix { $0 != "/" && $0 != "?" }
        guard !id.isEmpty else { return nil }
        let tail = rest.dropFirst(id.count)
        return (String(id), tail.hasPrefix("/") ? String(tail) : "/" + tail)
    }

    package static func == (left: Self, right: Self) -> Bool { left.before == right.before && left.after == right.after }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(before)
        hasher.combine(after)
    }
}
