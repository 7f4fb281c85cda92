import Foundation
import HTTPTypes
package import SluiceTypes
import SluiceWire

/// Where a channel is.
package struct TrickleURL: Hashable, Sendable, CustomStringConvertible {
    package let authority: HTTPAuthority
    /// Without a slash at its end.
    package let path: String

    /// - Throws: `TrickleFailure.badName`.
    package init(_ text: String) throws(TrickleFailure) {
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = url.host, !host.isEmpty, url.percentEncodedPath.count > 1
        else { throw .badName("'\(text)' is no channel's URL; one like http://127.0.0.1:3390/ai/trickle/camera-1 is right") }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        authority = HTTPAuthority(isSecure: scheme == "https", host: bare, port: url.port ?? (scheme == "https" ? 443 : 80))
        let path = url.percentEncodedPath
        self.path = path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    package var description: String { "\(authority)\(path)" }

    func request(_ method: HTTPRequest.Method, _ last: String? = nil, headers: HTTPFields = [:]) -> HTTPRequest {
        HTTPRequest(
            method: method, scheme: authority.isSecure ? "https" : "http", authority: authority.name,
            path: last.map { "\(path)/\($0)" } ?? path, headerFields: headers)
    }
}

extension HTTPFields {
    var trickleSequence: Int64? { self[.trickleSequence].flatMap { Int64($0) } }
    var trickleLatest: Int64? { self[.trickleLatest].flatMap { Int64($0) } }
    var isTrickleClosed: Bool { self[.trickleClosed] != nil }
}
