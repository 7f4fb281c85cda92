import Foundation

/// `rtmp://host[:port]/app/name` taken apart.
package struct RTMPClientAddress: Hashable, Sendable, CustomStringConvertible {
    package struct Malformed: Error, CustomStringConvertible {
        package let text: String
        package var description: String { "'\(text)' names no stream; rtmp://host:port/live/NAME is right" }
    }

    package let host: String
    package let port: Int
    package let app: String
    package let name: String

    package init(_ text: String) throws(Malformed) {
        guard let url = URL(string: text), url.scheme?.lowercased() == "rtmp", let host = url.host(percentEncoded: false), !host.isEmpty
        else { throw Malformed(text: text) }
        let elements = url.path(percentEncoded: true).split(separator: "/")
        guard elements.count >= 2, let last = elements.last else { throw Malformed(text: text) }
        self.host = host
        port = url.port ?? 1935
        app = elements.dropLast().joined(separator: "/")
        name = last + (url.query(percentEncoded: true).map { "?\($0)" } ?? "")
    }

    private init(_ other: Self, name: String) {
        host = other.host
        port = other.port
        app = other.app
        self.name = name
    }

    /// The same with a number behind the name, for many streams from one address.
    package func numbered(_ number: Int) -> Self { Self(self, name: "\(name)\(number)") }

    /// What servers are told they were called by.
    package var base: String { "rtmp://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(app)" }
    package var description: String { "\(base)/\(name)" }
}
