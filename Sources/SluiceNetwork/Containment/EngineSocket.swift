import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOPosix
import SluiceTypes
import SluiceWire

/// HTTP/1.1 over the Unix socket of a container engine, a connection to each request.
struct EngineSocket: Sendable {
    /// The pieces of an answer's body.
    struct Body {
        fileprivate var parts: NIOAsyncChannelInboundStream<HTTPResponsePart>.AsyncIterator

        mutating func next() async throws -> ByteBuffer? {
            while let part = try await parts.next(isolation: #isolation) {
                switch part {
                case .head: break
                case .body(let bytes): return bytes
                case .end: return nil
                }
            }
            throw ChannelError.eof
        }

        /// - Throws: `HTTPBodyTooLarge`.
        mutating func collect(upTo limit: Int) async throws -> ByteBuffer {
            var whole = ByteBuffer()
            while let piece = try await next() {
                guard whole.readableBytes + piece.readableBytes <= limit else { throw HTTPBodyTooLarge(limit: limit) }
                whole.writeImmutableBuffer(piece)
            }
            return whole
        }
    }

    let path: String
    let group: any EventLoopGroup

    /// - Parameter use: the answer's status, and its body, to be read within.
    /// - Throws: `RunnerFault` when there is nobody at the socket; what `use` throws.
    func exchange<Result: Sendable>(
        _ method: HTTPRequest.Method, _ target: String, body: JSONTree? = nil,
        _ use: @Sendable (Int, inout Body) async throws -> Result
    ) async throws -> Result {
        let channel = try await connect()
        return try await channel.executeThenClose { inbound, outbound in
            let bytes = body.map { ByteBuffer(string: $0.text) }
            var fields: HTTPFields = [.contentLength: "\(bytes?.readableBytes ?? 0)"]
            if bytes != nil { fields[.contentType] = "application/json" }
            if method == .get { fields = [:] }
            let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: target, headerFields: fields)
            try await outbound.write(.head(head))
            if let bytes { try await outbound.write(.body(bytes)) }
            try await outbound.write(.end(nil))
            var parts = inbound.makeAsyncIterator()
            while let part = try await parts.next(isolation: #isolation) {
                guard case .head(let answer) = part, answer.status.kind != .informational else { continue }
                var body = Body(parts: parts)
                return try await use(answer.status.code, &body)
            }
            throw ChannelError.eof
        }
    }

    private func connect() async throws -> NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart> {
        do {
            return try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(HTTP1ToHTTPClientCodec())
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
        } catch let error as IOError {
            switch error.errnoCode {
            case ENOENT:
                throw RunnerFault(
                    .noEngine, "there is no container engine at '\(path)': install Docker or Podman, or set runners.engine to its socket")
            case ECONNREFUSED: throw RunnerFault(.noEngine, "nobody answers at the container engine's socket '\(path)': is it running?")
            case EACCES, EPERM:
                throw RunnerFault(
                    .noPermission,
                    "the container engine's socket '\(path)' may not be used by this user: it belongs to a group, often docker")
            default: throw RunnerFault(.noEngine, "the container engine at '\(path)' cannot be reached: \(error)")
            }
        }
    }
}
