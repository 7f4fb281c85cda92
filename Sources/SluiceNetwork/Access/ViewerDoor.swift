import HTTPTypes
import NIOCore
import SluiceTypes

/// Stands before what viewers may have: takes the token out of a request, asks the gate, and sends who brought it in the query to the path
/// where players inherit it (`ViewerPath`).
package struct ViewerDoor: Sendable {
    private let gate: any ViewerGate

    package init(_ gate: any ViewerGate) { self.gate = gate }

    /// Whether nobody is asked for anything at this moment.
    var isOpen: Bool { gate.isOpen }

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
        if isOpen, head.path?.hasPrefix(ViewerPath.prefix) != true { return .admitted(head) }
        guard let asked = ViewerPath(head), let stream = ViewerPath.stream(of: asked.path) else {
            return .answered(.notFound, [:], "no such path; try /stream/{stream}.m3u8 or /ll/{stream}.m3u8")
        }
        let request = ViewRequest(
            stream: stream, token: asked.token?.text, remoteAddress: remoteAddress,
            url: "http://\(head.authority ?? "")\(ViewerPath.place(of: stream, asked: asked.path))")
        guard let verdict = isOpen ? .allowed : gate.known(request) else { return .asks(request, asked) }
        return entry(verdict, asked, head)
    }

    enum Welcome {
        /// Less its token.
        case admitted(HTTPServerRequest)
        case answered(HTTPResponse.Status, HTTPFields, String)
    }

    /// `enter`, with the question where there is one.
    func letIn(_ request: HTTPServerRequest) async -> Welcome {
        var entry = enter(request.head, from: request.remoteAddress)
        if case .asks(let asked, let path) = entry { entry = self.entry(await ask(asked), path, request.head) }
        switch entry {
        case .admitted(let head):
            var admitted = request
            admitted.head = head
            return .admitted(admitted)
        case .answered(let status, let headers, let text): return .answered(status, headers, text)
        case .asks: preconditionFailure("a verdict that is none")
        }
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
