package import SluiceTypes

/// Who wants to see what.
package struct ViewRequest: Hashable, Sendable {
    package var stream: StreamID
    package var token: String?
    package var remoteAddress: String
    /// Of the stream, without the token: the same for all of its playlists, segments and parts.
    package var url: String

    package init(stream: StreamID, token: String?, remoteAddress: String, url: String) {
        self.stream = stream
        self.token = token
        self.remoteAddress = remoteAddress
        self.url = url
    }
}

package enum ViewVerdict: Hashable, Sendable {
    case allowed
    /// Nothing was shown, or what was shown is no good: another token may do (401).
    case unknown(String)
    /// This one may not see this stream (403).
    case denied(String)
    /// Nobody could be asked at the moment (503).
    case busy(String)

    package var reason: String? {
        switch self {
        case .allowed: nil
        case .unknown(let reason), .denied(let reason), .busy(let reason): reason
        }
    }
}

/// Says for the operator who may see a stream.
package protocol ViewerGate: Sendable {
    /// Everybody may see everything, at this moment.
    var isOpen: Bool { get }

    /// The answer where it is known at once; called for every part, on the connection's event loop.
    func known(_ request: ViewRequest) -> ViewVerdict?

    func ask(_ request: ViewRequest) async -> ViewVerdict
}

extension ViewerGate {
    package var isOpen: Bool { false }
}
