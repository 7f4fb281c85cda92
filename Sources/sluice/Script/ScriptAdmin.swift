import HTTPTypes
import NIOCore
import SluiceNetwork
import SluiceTypes

/// The admin port of a play: `POST /begin`, and what every role has.
struct ScriptAdmin: HTTPResponder {
    let play: ScriptPlay
    private let rest: AdminEndpoint

    init(play: ScriptPlay) {
        self.play = play
        rest = AdminEndpoint(registry: MetricRegistry(), status: { play.status })
    }

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard request.head.method == .post, request.head.path == "/begin" else {
            return try await rest.respond(to: request, with: writer)
        }
        let isFirst = play.begin()
        try await writer.send(
            isFirst ? .ok : .conflict, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ByteBuffer(string: isFirst ? "it begins\n" : "it has begun already\n"))
    }
}
