package import HTTPTypes
package import NIOCore
package import NIOHTTPTypes
import Synchronization

/// A request as it arrives. `head.path` is the raw path with the query.
package struct HTTPServerRequest: Sendable {
    package let head: HTTPRequest
    package let body: HTTPServerBody
    package let remoteAddress: String
    package let isHTTP2: Bool

    package init(head: HTTPRequest, body: HTTPServerBody, remoteAddress: String, isHTTP2: Bool) {
        self.head = head
        self.body = body
        self.remoteAddress = remoteAddress
        self.isHTTP2 = isHTTP2
    }
}

/// Answers one request. Runs in a task that is cancelled when the client goes away.
package protocol HTTPResponder: Sendable {
    /// Returns when the whole response was handed over. A throw becomes 500 when nothing was sent yet, else the response is cut off.
    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws
}

/// The body is over the limit its reader set; what came so far is dropped.
package struct HTTPBodyTooLarge: Error, CustomStringConvertible {
    package let limit: Int
    package var description: String { "body over \(limit) bytes" }
}

/// A body in pieces, to be read once, by one task.
package struct HTTPServerBody: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    private let pull: @Sendable () async throws -> ByteBuffer?

    /// - Parameter pull: the next piece, `nil` at the end. Never called by two tasks at once.
    package init(pull: @escaping @Sendable () async throws -> ByteBuffer?) { self.pull = pull }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pull: @Sendable () async throws -> ByteBuffer?
        package mutating func next() async throws -> ByteBuffer? { try await pull() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pull: pull) }

    /// - Throws: `HTTPBodyTooLarge` as soon as more than `limit` bytes came.
    package func collect(upTo limit: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        while var piece = try await pull() {
            guard whole.readableBytes + piece.readableBytes <= limit else { throw HTTPBodyTooLarge(limit: limit) }
            if whole.readableBytes == 0 { whole = piece } else { whole.writeBuffer(&piece) }
        }
        return whole
    }
}

/// The way back to the client.
package struct HTTPResponseWriter: Sendable {
    private final class State: Sendable {
        let hasBegun = Atomic<Bool>(false)
        let hasFinished = Atomic<Bool>(false)
    }

    private let isHead: Bool
    private let send: @Sendable ([HTTPResponsePart]) async throws -> Void
    private let state = State()

    /// - Parameter send: writes the parts in order and flushes once.
    package init(isHead: Bool, send: @escaping @Sendable ([HTTPResponsePart]) async throws -> Void) {
        self.isHead = isHead
        self.send = send
    }

    package var hasBegun: Bool { state.hasBegun.load(ordering: .relaxed) }
    package var hasFinished: Bool { state.hasFinished.load(ordering: .relaxed) }

    /// Whole response at once, in one flush; sets `content-length`. For HEAD requests the body is not sent.
    package func send(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer? = nil) async throws {
        var headers = headers
        if status != .noContent { headers[.contentLength] = String(body?.readableBytes ?? 0) }
        var parts: [HTTPResponsePart] = [.head(HTTPResponse(status: status, headerFields: headers))]
        if let body, !isHead, body.readableBytes > 0 { parts.append(.body(body)) }
        parts.append(.end(nil))
        state.hasBegun.store(true, ordering: .relaxed)
        try await send(parts)
        state.hasFinished.store(true, ordering: .relaxed)
    }

    /// The head alone, flushed at once; `write` and `finish` follow.
    package func begin(_ status: HTTPResponse.Status, headers: HTTPFields = [:]) async throws {
        state.hasBegun.store(true, ordering: .relaxed)
        try await send([.head(HTTPResponse(status: status, headerFields: headers))])
    }

    /// Waits while the client is slow.
    package func write(_ bytes: ByteBuffer) async throws {
        guard !isHead, bytes.readableBytes > 0 else { return }
        try await send([.body(bytes)])
    }

    /// Ends the response; trailers go out without an empty body part before them.
    package func finish(trailers: HTTPFields? = nil) async throws {
        try await send([.end(trailers)])
        state.hasFinished.store(true, ordering: .relaxed)
    }
}
