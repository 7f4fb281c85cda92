package import HTTPTypes
package import NIOCore
import NIOHTTPTypes
import Synchronization

/// The body grew past what its reader allows.
package struct HTTPBodyTooLarge: Error, Sendable, CustomStringConvertible {
    package let limit: Int
    package init(limit: Int) { self.limit = limit }
    package var description: String { "the body is over \(limit) bytes" }
}

/// An answer that was begun cannot be completed; its reason has been logged. The connection, or the HTTP/2 stream, ends without the
/// answer's end, so that the client does not take it for whole.
package struct HTTPAnswerAbandoned: Error, Sendable {
    package init() {}
}

/// A request as it arrives. `head.path` is the raw path with the query.
package struct HTTPServerRequest: Sendable {
    package var head: HTTPRequest
    package var body: HTTPServerBody
    package var remoteAddress: String
    package var isHTTP2: Bool

    package init(head: HTTPRequest, body: HTTPServerBody, remoteAddress: String, isHTTP2: Bool) {
        self.head = head
        self.body = body
        self.remoteAddress = remoteAddress
        self.isHTTP2 = isHTTP2
    }
}

/// The bytes of one request in pieces as they come. Single pass: iterate it once, or collect it once.
package struct HTTPServerBody: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pull: @Sendable () async throws -> ByteBuffer?

        package mutating func next() async throws -> ByteBuffer? { try await pull() }
    }

    private let pull: @Sendable () async throws -> ByteBuffer?
    private let after: @Sendable () -> HTTPFields?

    /// - Parameters:
    ///   - trailers: asked at the end only.
    ///   - pull: the next piece; `nil` at the end.
    package init(
        trailers: @escaping @Sendable () -> HTTPFields? = { nil }, pull: @escaping @Sendable () async throws -> ByteBuffer?
    ) {
        self.pull = pull
        after = trailers
    }

    /// What followed the bytes; to be asked by their reader, once they have ended.
    package var trailers: HTTPFields? { after() }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pull: pull) }

    /// - Throws: `HTTPBodyTooLarge` as soon as more than `limit` bytes came.
    package func collect(upTo limit: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        while let piece = try await pull() {
            guard whole.readableBytes + piece.readableBytes <= limit else { throw HTTPBodyTooLarge(limit: limit) }
            if whole.readableBytes == 0 { whole = piece } else { whole.writeImmutableBuffer(piece) }
        }
        return whole
    }
}

/// Answers one request. Runs in a task that is cancelled when the client goes away.
package protocol HTTPResponder: Sendable {
    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws
}

/// Writes the one answer to one request: either `send`, or `begin`, any number of `write`, `finish`.
package struct HTTPResponseWriter: Sendable {
    private final class State: Sendable {
        let hasBegun = Atomic<Bool>(false)
        let hasFinished = Atomic<Bool>(false)
        let isLast = Atomic<Bool>(false)
    }

    private let isHead: Bool
    private let isHTTP2: Bool
    private let out: @Sendable ([HTTPResponsePart]) async throws -> Void
    private let state = State()

    /// - Parameter out: writes and flushes; returns when there is room again.
    init(
        isHead: Bool, isHTTP2: Bool = false, _ out: @escaping @Sendable ([HTTPResponsePart]) async throws -> Void
    ) {
        self.isHead = isHead
        self.isHTTP2 = isHTTP2
        self.out = out
    }

    var hasBegun: Bool { state.hasBegun.load(ordering: .relaxed) }
    /// The whole answer was handed to the connection.
    var hasFinished: Bool { state.hasFinished.load(ordering: .relaxed) }
    /// The answer said `Connection: close`: nothing more is read of the request than is needed to part in peace.
    var isLast: Bool { state.isLast.load(ordering: .relaxed) }

    /// Whole response at once; sets content-length. For HEAD requests the body is not sent.
    package func send(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer? = nil) async throws {
        var headers = begun(headers)
        // These statuses have no body, and with a length some clients would wait for one (RFC 9110 §8.6).
        let isBodiless = status.kind == .informational || status == .noContent || status == .notModified
        if !isBodiless { headers[.contentLength] = String(body?.readableBytes ?? 0) }
        var parts: [HTTPResponsePart] = [.head(HTTPResponse(status: status, headerFields: headers))]
        if let body, body.readableBytes > 0, !isHead, !isBodiless { parts.append(.body(body)) }
        parts.append(.end(nil))
        try await out(parts)
        state.hasFinished.store(true, ordering: .relaxed)
    }

    /// Flushes the head at once.
    package func begin(_ status: HTTPResponse.Status, headers: HTTPFields = [:]) async throws {
        try await out([.head(HTTPResponse(status: status, headerFields: begun(headers)))])
    }

    /// Returns when the connection has room again.
    package func write(_ bytes: ByteBuffer) async throws {
        guard !isHead, bytes.readableBytes > 0 else { return }
        try await out([.body(bytes)])
    }

    /// Never an empty DATA frame before trailers (specs/swift-feasibility §5).
    package func finish(trailers: HTTPFields? = nil) async throws {
        try await out([.end(trailers)])
        state.hasFinished.store(true, ordering: .relaxed)
    }

    /// - Returns: the headers that may go out: HTTP/2 has no connection to close (RFC 9113 §8.2.2).
    private func begun(_ headers: HTTPFields) -> HTTPFields {
        var headers = headers
        if headers[.connection]?.lowercased() == "close" { state.isLast.store(true, ordering: .relaxed) }
        if isHTTP2 { headers[.connection] = nil }
        let wasBegun = state.hasBegun.exchange(true, ordering: .relaxed)
        assert(!wasBegun, "one answer to one request")
        return headers
    }
}
