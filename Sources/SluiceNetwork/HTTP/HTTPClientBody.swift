package import HTTPTypes
package import NIOCore
import NIOHTTPTypes
import Synchronization

/// Reads one answer. Holds an iterator, which is not Sendable; only the one task that was lent the answer calls it: that is the proof.
final class HTTPAnswerReader: @unchecked Sendable {
    private var iterator: NIOAsyncChannelInboundStream<HTTPResponsePart>.AsyncIterator
    private let authority: HTTPAuthority
    private(set) var trailers: HTTPFields?
    private var isAtEnd = false

    init(_ inbound: NIOAsyncChannelInboundStream<HTTPResponsePart>, authority: HTTPAuthority) {
        iterator = inbound.makeAsyncIterator()
        self.authority = authority
    }

    func head() async throws -> HTTPResponse {
        while let part = try await iterator.next() {
            if case .head(let head) = part, head.status.kind != .informational { return head }
        }
        throw HTTPClientError.closedEarly(authority)
    }

    func next() async throws -> ByteBuffer? {
        if isAtEnd { return nil }
        while let part = try await iterator.next() {
            switch part {
            case .body(let bytes): return bytes
            case .end(let fields):
                trailers = fields
                isAtEnd = true
                return nil
            case .head: continue
            }
        }
        throw HTTPClientError.closedEarly(authority)
    }
}

/// The body of an answer in pieces, to be read once, inside the closure it was lent to.
package struct HTTPClientBody: Sendable {
    let reader: HTTPAnswerReader

    package func next() async throws -> ByteBuffer? { try await reader.next() }

    /// After the end of the body.
    package var trailers: HTTPFields? { reader.trailers }

    /// - Throws: `HTTPClientError.tooLarge` as soon as more than `limit` bytes came.
    package func collect(upTo limit: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        while var piece = try await reader.next() {
            guard whole.readableBytes + piece.readableBytes <= limit else { throw HTTPClientError.tooLarge(limit: limit) }
            if whole.readableBytes == 0 { whole = piece } else { whole.writeBuffer(&piece) }
        }
        return whole
    }
}

/// Lets one task at a time through, in the order they came.
final class AsyncLock: Sendable {
    private struct State {
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func withLock<Result: Sendable>(_ body: () async throws -> Result) async rethrows -> Result {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isHeld { state.waiting.append(continuation) }
                defer { state.isHeld = true }
                return !state.isHeld
            }
            if isFree { continuation.resume() }
        }
        defer {
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                if state.waiting.isEmpty {
                    state.isHeld = false
                    return nil
                }
                return state.waiting.removeFirst()
            }
            next?.resume()
        }
        return try await body()
    }
}
