import HTTPTypes
import NIOCore
import SluiceTypes

/// Stands before what viewers may have: takes the token out of a request, asks the gate, and sends who brought it in the query to the path
/// where players inherit it (`ViewerPath`). Without a gate everybody is let in.
package struct ViewerDoor: Sendable {
    private let gate: any ViewerGate

    package init(_ gate: any ViewerGate) { self.gate = gate }

    /// What becomes of a request before anybody looks for what it wants.
    enum Entry {
        case admitted(HTTPRequest)
        case answered(HTTPResponse.Status, HTTPFields, String)
        case asks(ViewRequest, ViewerPath)
    }

    /// Whether a path, less a token in front of it, begins so.
    static func leads(_ path: String?, to prefix: String) -> Bool {
        guard let path else { return false }
        guard path.hasPrefix(ViewerPath.prefix) else { return path.hasPrefix(prefix) }
        let rest = path.dropFirst(ViewerPath.prefix.count)
        return rest.firstIndex(of: "/").map { rest[$0...].hasPrefix(prefix) } ?? false
    }

    func enter(_ head: HTTPRequest, from remoteAddress: String) -> Entry {
        // Asked by a browser without any token, before it sends one (Fetch §4.8); nothing is told by the answer.
        if head.method == .options { return .admitted(head) }
        guard let asked = ViewerPath(head), let stream = ViewerPath.stream(of: asked.path) else {
            return .answered(.notFound, [:], "no such path; try /stream/{stream}.m3u8 or /ll/{stream}.m3u8")
        }
        let folder = asked.path.hasPrefix(LowLatencyPath.prefix) ? LowLatencyPath.prefix : DeliveryEndpoint.prefix
        let request = ViewRequest(
            stream: stream, token: asked.token?.text, remoteAddress: remoteAddress,
            url: "http://\(head.authority ?? "")\(folder)\(stream).m3u8")
        guard let verdict = gate.known(request) else { return .asks(request, asked) }
        return entry(verdict, asked, head)
    }

    func ask(_ request: ViewRequest) async -> ViewVerdict { await gate.ask(request) }

    func entry(_ verdict: ViewVerdict, _ asked: ViewerPath, _ head: HTTPRequest) -> Entry {
        switch verdict {
        case .allowed:
            if let place = asked.inherited { return .answered(.found, [.location: place], "the playlist is at \(place)") }
            var head = head
            head.path = asked.path
            return .admitted(head)
        case .unknown(let reason): return .answered(.unauthorized, [.wwwAuthenticate: "Bearer realm=\"sluice\""], reason)
        case .denied(let reason): return .answered(.forbidden, [:], reason)
        case .busy(let reason): return .answered(.serviceUnavailable, [.retryAfter: "1"], reason)
        }
    }

    /// Answers are one viewer's now: what a cache keeps for all would be seen without a token.
    static func keepPrivate(_ headers: HTTPFields) -> HTTPFields {
        var headers = headers
        if let caching = headers[.cacheControl], caching != "no-store" {
            let rest = caching.split(separator: ",").map { $0.drop { $0 == " " } }.filter { $0 != "public" }
            headers[.cacheControl] = (["private"] + rest.map(String.init)).joined(separator: ", ")
        }
        if headers[.accessControlAllowHeaders] != nil { headers[.accessControlAllowHeaders] = "Range, Authorization" }
        return headers
    }
}
