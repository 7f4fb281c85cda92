import HTTPTypes
import NIOCore

/// Trickle channels for viewers, to read only: who writes them is in this process. With a token as for playlists: in the path before them
/// (`ViewerPath`), where clients inherit it, or in a header.
package struct ChannelDelivery: HTTPResponder {
    private let channels: TrickleEndpoint
    private let door: ViewerDoor?

    /// - Parameter door: without one everybody may see everything.
    package init(channels: TrickleEndpoint, door: ViewerDoor? = nil) {
        self.channels = channels
        self.door = door
    }

    func takes(_ path: String) -> Bool {
        door == nil ? path.hasPrefix(channels.base) : ViewerDoor.leads(path, to: channels.base)
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        switch request.head.method {
        case .get, .head: break
        default: return try await refuse(.methodNotAllowed, "the channels of this gateway are read only", writer, [.allow: "GET, HEAD"])
        }
        guard let door else { return try await channels.respond(to: request, with: writer) }
        switch await door.letIn(request) {
        case .admitted(let admitted): try await channels.respond(to: admitted, with: writer)
        case .answered(let status, let headers, let text): try await refuse(status, text, writer, headers)
        }
    }

    private func refuse(_ status: HTTPResponse.Status, _ text: String, _ writer: HTTPResponseWriter, _ more: HTTPFields) async throws {
        var headers = more
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.cacheControl] = "no-store"
        try await writer.send(status, headers: headers, body: ByteBuffer(string: text + "\n"))
    }
}
