package import HTTPTypes
package import NIOCore
import NIOHTTP2
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

    /// - Throws: `NotProcessed`, when the request may be sent again as if it had never been.
    func head() async throws -> HTTPResponse {
        while let part = try await part() {
            if case .head(let head) = part, head.status.kind != .informational { return head }
        }
        throw HTTPClientError.closedEarly(authority)
    }

    func next() async throws -> ByteBuffer? {
        if isAtEnd { return nil }
        while let part = try await part() {
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

    private func part() async throws -> HTTPResponsePart? {
        do {
            return try await iterator.next()
        } catch let error as NIOHTTP2Errors.StreamClosed where error.errorCode == .refusedStream {
            // RFC 9113 §8.7: nothing of it was processed.
            throw NotProcessed()
        } catch let error as NIOHTTP2Errors.StreamClosed {
            throw HTTPClientError.brokenOff(authority, reason: "\(error.errorCode)")
        } catch let error where error is NotProcessed || error is CancellationError {
            throw error
        } catch {
            throw HTTPClientError.closedEarly(authority, cause: error)
        }
    }
}

/// The peer, or our own end knowing that the peer is leaving, took nothing of this exchange.
struct NotProcessed: Error {}

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

/// The body of a request that is written while it goes out.
package final class HTTPClientUpload: Sendable {
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPRequestPart>
    private let end = Mutex<HTTPFields?>(nil)

    init(outbound: NIOAsyncChannelOutboundWriter<HTTPRequestPart>) { self.outbound = outbound }

    /// Returns when the connection has room for more.
    package func write(_ bytes: ByteBuffer) async throws {
        if bytes.readableBytes > 0 { try await outbound.write(.body(bytes)) }
    }

    /// What follows the body.
    package var trailers: HTTPFields? { end.withLock { $0 } }
    package func setTrailers(_ trailers: HTTPFields) { end.withLock { $0 = trailers } }
}
