import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

@testable import SluiceNetwork

/// What an endpoint answered to one request, without a connection between.
struct RecordedAnswer {
    var status = HTTPResponse.Status.internalServerError
    var headers: HTTPFields = [:]
    var body = ByteBuffer()

    var text: String { String(buffer: body) }

    static func of(
        _ responder: any HTTPResponder, _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:],
        body: [ByteBuffer] = [], from address: String = "192.0.2.1"
    ) async throws -> RecordedAnswer {
        let script = Script(body)
        let request = HTTPServerRequest(
            head: HTTPRequest(method: method, scheme: "http", authority: "gateway", path: path, headerFields: headers),
            body: HTTPServerBody { script.nextPiece() }, remoteAddress: address, isHTTP2: false)
        try await responder.respond(to: request, with: HTTPResponseWriter(isHead: method == .head) { script.record($0) })
        var answer = RecordedAnswer()
        for part in script.recorded {
            switch part {
            case .head(let head):
                answer.status = head.status
                answer.headers = head.headerFields
            case .body(let bytes): answer.body.writeImmutableBuffer(bytes)
            case .end: break
            }
        }
        return answer
    }
}

/// The request's pieces still to read, and the answer's parts so far.
private final class Script: Sendable {
    private let pieces: Mutex<[ByteBuffer]>
    private let parts = Mutex<[HTTPResponsePart]>([])

    init(_ body: [ByteBuffer]) { pieces = Mutex(body) }

    var recorded: [HTTPResponsePart] { parts.withLock { $0 } }
    func nextPiece() -> ByteBuffer? { pieces.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    func record(_ more: [HTTPResponsePart]) { parts.withLock { $0 += more } }
}
