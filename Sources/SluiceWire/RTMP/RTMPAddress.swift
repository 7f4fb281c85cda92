package import SluiceTypes

/// The stream named by a publisher's or viewer's URL (specs/gateway-surface §2): `rtmp://host/[live/|stream/]ID[/KEY]`, whatever
/// the peer took for the app and for the stream key.
package struct RTMPAddress: Hashable, Sendable {
    package var stream: StreamID
    package var key: String?

    package init(stream: StreamID, key: String?) {
        self.stream = stream
        self.key = key
    }

    /// - Returns: `nil` when no part can be a stream's name.
    package init?(app: String, name: String) {
        func elements(_ text: String) -> [Substring] {
            text.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: true)
        }
        var path = elements(app) + elements(name)
        if path.count > 1, path[0] == "live" || path[0] == "stream" { path.removeFirst() }
        guard let first = path.first, path.count <= 2, let stream = StreamID(String(first)) else { return nil }
        self.stream = stream
        self.key = path.count == 2 ? String(path[1]) : nil
    }
}
