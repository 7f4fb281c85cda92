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

    private static let registryAuth = HTTPField.Name("X-Registry-Auth")

    let path: String
    let group: any EventLoopGroup

    /// - Parameters:
    ///   - login: what is asked of the registry with (`X-Registry-Auth`).
    ///   - silence: the longest time without a byte of the answer; `nil` where nothing may be there to say.
    ///   - use: the answer's status, and its body, to be read within.
    /// - Throws: `RunnerFault` when there is nobody at the socket, or it is silent; what `use` throws.
    func exchange<Result: Sendable>(
        _ method: HTTPRequest.Method, _ target: String, body: JSONTree? = nil, login: RegistryLogin? = nil, silence: Duration? = nil,
        _ use: @Sendable (Int, inout Body) async throws -> Result
    ) async throws -> Result {
        let channel = try await connect(silence)
        return try await channel.executeThenClose { inbound, outbound in
            let bytes = body.map { ByteBuffer(string: $0.text) }
            var fields: HTTPFields = [.contentLength: "\(bytes?.readableBytes ?? 0)"]
            if bytes != nil { fields[.contentType] = "application/json" }
            if method == .get { fields = [:] }
            if let login, let registryAuth = Self.registryAuth { fields[registryAuth] = login.header }
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

    private func connect(_ silence: Duration?) async throws -> NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart> {
        do {
            return try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(HTTP1ToHTTPClientCodec())
                    if let silence {
                        try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(silence)))
                        try pipeline.addHandler(SilenceHandler(path: path, limit: silence))
                    }
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
        } catch let error as IOError {
            switch error.errnoCode {
            case ENOENT:
                throw RunnerFault(
                    .noEngine, "there is no container engine at '\(path)': install Docker or Podman, or set runners.engine to its socket")
            // Its queue is full: it takes no connections any more.
            case EAGAIN: throw RunnerFault(.engineHangs, "the container engine at '\(path)' hangs: it takes no more connections")
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

/// Ends an exchange that the engine says nothing in.
private final class SilenceHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPResponsePart
    private let path: String
    private let limit: Duration

    init(path: String, limit: Duration) {
        self.path = path
        self.limit = limit
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case IdleStateHandler.IdleStateEvent.read = event else { return context.fireUserInboundEventTriggered(event) }
        context.fireErrorCaught(RunnerFault(.engineHangs, "the container engine at '\(path)' has said nothing for \(limit)"))
        context.close(promise: nil)
    }
}
