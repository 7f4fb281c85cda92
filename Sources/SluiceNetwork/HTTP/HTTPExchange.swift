import HTTPTypes
import Logging
import NIOCore
import NIOHTTPTypes
import Synchronization

typealias HTTPServerChannel = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

/// Reads the parts of a connection (or of one HTTP/2 stream) for the one task that serves it.
///
/// Holds an iterator, which is not Sendable: the connection's task and the responder's child task use it strictly by turns (the
/// connection waits for the responder to end before it reads on), so there is never more than one caller; that is the proof.
final class HTTPPartReader: @unchecked Sendable {
    private var iterator: NIOAsyncChannelInboundStream<HTTPRequestPart>.AsyncIterator
    /// The end of the current body has been read.
    private(set) var isAtEnd = true
    /// What followed the current body.
    private(set) var trailers: HTTPFields?

    init(_ inbound: NIOAsyncChannelInboundStream<HTTPRequestPart>) { iterator = inbound.makeAsyncIterator() }

    /// The next request's head; `nil` when the connection ends. Call only at the end of a body.
    func nextHead() async throws -> HTTPRequest? {
        while let part = try await iterator.next() {
            if case .head(let head) = part {
                isAtEnd = false
                trailers = nil
                return head
            }
        }
        return nil
    }

    func nextBody() async throws -> ByteBuffer? {
        while !isAtEnd {
            guard let part = try await iterator.next() else { throw ChannelError.inputClosed }
            switch part {
            case .body(let bytes): return bytes
            case .end(let fields):
                trailers = fields
                isAtEnd = true
            case .head: throw ChannelError.inputClosed
            }
        }
        return nil
    }
}

/// One request and its answer.
struct HTTPExchange {
    /// A body nobody wanted is read past up to here, to keep the connection; a longer one costs the connection.
    private static let drainLimit = 1 << 20
    /// What the client is still sending then is taken for a while before the connection closes, and thrown away: a close under its
    /// hands can destroy the answer before it has read it. A tenth of a second at a gigabit.
    private static let lingerLimit = 16 << 20
    private static let lingerTime: Duration = .seconds(2)

    let responder: any HTTPResponder
    let logger: Logger
    let channel: any Channel
    let isHTTP2: Bool

    /// - Returns: whether the connection may carry another request.
    func serve(
        _ head: HTTPRequest, _ reader: HTTPPartReader, _ outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>
    ) async -> Bool {
        let writer = HTTPResponseWriter(isHead: head.method == .head, isHTTP2: isHTTP2) {
            try await outbound.write(contentsOf: $0)
        }
        let request = HTTPServerRequest(
            head: head, body: body(of: head, reader, outbound), remoteAddress: channel.remoteAddress?.ipAddress ?? "",
            isHTTP2: isHTTP2)
        let isWhole = await whileConnected { await answer(request, writer) }
        guard isWhole else { return false }
        if writer.isLast, !isHTTP2 {
            if !reader.isAtEnd { await linger(reader) }
            return false
        }
        guard await drain(reader, upTo: Self.drainLimit) else {
            if !isHTTP2 { await linger(reader) }
            return false
        }
        if isHTTP2 {
            // Both sides have ended, so the stream closes itself once the last byte is out. Closing it here instead would reset it
            // under whatever still waits for the peer's window.
            try? await channel.closeFuture.get()
            return false
        }
        // If it was the peer's last request, the connection closes itself once the last byte is out.
        return true
    }

    private func body(
        of head: HTTPRequest, _ reader: HTTPPartReader, _ outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>
    ) -> HTTPServerBody {
        guard !isHTTP2, head.headerFields[.expect]?.lowercased() == "100-continue" else {
            return HTTPServerBody(trailers: { reader.trailers }) { try await reader.nextBody() }
        }
        let hasContinued = Mutex(false)
        return HTTPServerBody {
            let isFirst = hasContinued.withLock { flag in
                defer { flag = true }
                return !flag
            }
            if isFirst { try await outbound.write(.head(HTTPResponse(status: .continue))) }
            return try await reader.nextBody()
        }
    }

    /// - Returns: whether a whole response went out.
    private func answer(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async -> Bool {
        do {
            try await responder.respond(to: request, with: writer)
            if !writer.hasBegun { try await writer.send(.internalServerError) }
        } catch {
            let isGone = error is CancellationError || error is ChannelError || error is HTTPAnswerAbandoned || !channel.isActive
            if !isGone {
                logger.error(
                    "responder failed", metadata: ["path": "\(request.head.path ?? "")", "error": "\(error)"])
            }
            if !writer.hasBegun { try? await writer.send(.internalServerError) }
        }
        return writer.hasFinished
    }

    /// Runs `body` in a task that is cancelled when the channel closes under it.
    private func whileConnected(_ body: @escaping @Sendable () async -> Bool) async -> Bool {
        let (closed, continuation) = AsyncStream.makeStream(of: Void.self)
        channel.closeFuture.whenComplete { _ in continuation.finish() }
        return await withTaskGroup(of: Bool?.self) { group in
            group.addTask { await body() }
            group.addTask {
                for await _ in closed {}
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            return await group.next().flatMap(\.self) ?? false
        }
    }

    private func linger(_ reader: HTTPPartReader) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await drain(reader, upTo: Self.lingerLimit) }
            group.addTask { try? await Task.sleep(for: Self.lingerTime) }
            await group.next()
            group.cancelAll()
        }
    }

    /// - Returns: whether the body's end was reached.
    private func drain(_ reader: HTTPPartReader, upTo limit: Int) async -> Bool {
        var dropped = 0
        do {
            while let piece = try await reader.nextBody() {
                dropped += piece.readableBytes
                if dropped > limit { return false }
            }
            return true
        } catch {
            return false
        }
    }
}
