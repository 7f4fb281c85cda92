import HTTPTypes
import NIOCore

/// The media port (9935): publishing below `/live/`, playing below `/stream/`, and `/healthz`.
package struct MediaEndpoint: HTTPResponder {
    private let push: PushEndpoint
    private let delivery: DeliveryEndpoint
    private let liveVideo: LiveVideoControlEndpoint?

    package init(push: PushEndpoint, delivery: DeliveryEndpoint, liveVideo: LiveVideoControlEndpoint? = nil) {
        self.liveVideo = liveVideo
        self.push = push
        self.delivery = delivery
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = (request.head.path ?? "").prefix { $0 != "?" }
        if let liveVideo, path.hasPrefix(LiveVideoControlEndpoint.prefix) {
            try await liveVideo.respond(to: request, with: writer)
        } else if path.hasPrefix(PushEndpoint.prefix) {
            try await push.respond(to: request, with: writer)
        } else if path.hasPrefix(DeliveryEndpoint.prefix) || path.hasPrefix(ViewerPath.prefix) {
            try await delivery.respond(to: request, with: writer)
        } else if path == "/healthz", request.head.method != .get, request.head.method != .head {
            try await writer.send(.methodNotAllowed, headers: [.allow: "GET, HEAD"])
        } else if path == "/healthz" {
            try await writer.send(.ok, headers: [.contentType: "text/plain"], body: ByteBuffer(string: "ok\n"))
        } else {
            try await writer.send(
                .notFound, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ByteBuffer(
                    string: "nothing is here; publish to /live/{stream}/{number}.ts, play /stream/{stream}.m3u8, watch /play/{stream}\n"))
        }
    }
}
