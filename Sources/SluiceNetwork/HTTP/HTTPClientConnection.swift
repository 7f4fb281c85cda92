package import HTTPTypes

package import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// Where a server is: scheme, host and port of a URL.
package struct HTTPAuthority: Hashable, Sendable, CustomStringConvertible {
    package var isSecure: Bool
    package var host: String
    package var port: Int

    package init(isSecure: Bool, host: String, port: Int) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
    }

    package var name: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    package var description: String { "\(isSecure ? "https" : "http")://\(name)" }
}

/// Why an exchange failed before or while its answer came.
package enum HTTPClientError: Error, CustomStringConvertible {
    case connect(HTTPAuthority, cause: any Error)
    case closedEarly(HTTPAuthority)
    case tooLarge(limit: Int)

    package var description: String {
        switch self {
        case .connect(let authority, let cause): "cannot connect to \(authority): \(cause)"
        case .closedEarly(let authority): "\(authority) closed before its answer was complete"
        case .tooLarge(let limit): "the answer is over \(limit) bytes"
        }
    }
}

/// One warm HTTP/2 connection to an authority, for many exchanges at once; opened at the first, and again when it broke.
///
/// Certificates are not verified: the network's are self-signed (specs/transcoding-protocol §1.2). A peer without HTTP/2, and
/// plain `http`, get a connection per exchange.
package final class HTTPClientConnection: Sendable {
    fileprivate typealias ClientChannel = NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart>
    fileprivate typealias Streams = NIOHTTP2Handler.AsyncStreamMultiplexer<Void>

    private enum Negotiated: Sendable {
        case http2(any Channel, Streams)
        case http1(ClientChannel)
    }

    private struct Warm: Sendable {
        var channel: any Channel
        var streams: Streams
    }

    /// The reference's own limit for dialling (specs/transcoding-protocol §8).
    private static let connectTimeout: TimeAmount = .seconds(2)

    package let authority: HTTPAuthority
    private let group: any EventLoopGroup
    private let warm = Mutex<Warm?>(nil)
    private let context: NIOSSLContext?
    private let opening = AsyncLock()

    package init(authority: HTTPAuthority, group: any EventLoopGroup) throws {
        self.authority = authority
        self.group = group
        if authority.isSecure {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = .none
            configuration.applicationProtocols = ["h2", "http/1.1"]
            context = try NIOSSLContext(configuration: configuration)
        } else {
            context = nil
        }
    }

    /// Sends a request and lends the answer. Returning, throwing or cancelling before the body has ended resets the exchange.
    package func exchange<Result: Sendable>(
        _ head: HTTPRequest, body: ByteBuffer? = nil,
        _ use: @escaping @Sendable (HTTPResponse, HTTPClientBody) async throws -> Result
    ) async throws -> Result {
        let channel = try await open()
        let authority = authority
        return try await withTaskCancellationHandler {
            try await channel.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        // A refusal may come while the upload runs; then the upload fails and the answer is what counts.
                        try? await outbound.write(contentsOf: [.head(head)] + (body.map { [.body($0)] } ?? []) + [.end(nil)])
                    }
                    let reader = HTTPAnswerReader(inbound, authority: authority)
                    let answer = try await reader.head()
                    let result = try await use(answer, HTTPClientBody(reader: reader))
                    group.cancelAll()
                    return result
                }
            }
        } onCancel: {
            channel.channel.close(promise: nil)
        }
    }

    /// Closes the warm connection, if there is one.
    package func close() async {
        let open = warm.withLock { warm in
            defer { warm = nil }
            return warm
        }
        try? await open?.channel.close().get()
    }

    private func open() async throws -> ClientChannel {
        if let stream = try await openOnWarm() { return stream }
        // One dials, the others wait for it and share.
        return try await opening.withLock {
            if let stream = try await self.openOnWarm() { return stream }
            switch try await self.connect() {
            case .http1(let channel): return channel
            case .http2(let channel, let streams):
                self.warm.withLock { $0 = Warm(channel: channel, streams: streams) }
                channel.closeFuture.whenComplete { _ in
                    self.warm.withLock { if $0?.channel === channel { $0 = nil } }
                }
                return try await Self.stream(streams)
            }
        }
    }

    private func openOnWarm() async throws -> ClientChannel? {
        guard let known = warm.withLock({ $0 }), known.channel.isActive else { return nil }
        do { return try await Self.stream(known.streams) } catch {
            // It broke between two exchanges: a new one is dialled, nothing was lost.
            warm.withLock { if $0?.channel === known.channel { $0 = nil } }
            known.channel.close(promise: nil)
            return nil
        }
    }

    private static func stream(_ streams: Streams) async throws -> ClientChannel {
        try await streams.openStream { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPClientCodec())
                return try ClientChannel(wrappingChannelSynchronously: channel)
            }
        }
    }

    private func connect() async throws -> Negotiated {
        let context = context
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        do {
            let negotiated = try await bootstrap.connect(host: authority.host, port: authority.port) { channel in
                channel.eventLoop.makeCompletedFuture { () -> EventLoopFuture<Negotiated> in
                    guard let context else { return channel.eventLoop.makeSucceededFuture(.http1(try Self.http1(channel))) }
                    try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Negotiated> { result, channel in
                        guard case .negotiated("h2") = result else {
                            return channel.eventLoop.makeCompletedFuture { .http1(try Self.http1(channel)) }
                        }
                        return channel.configureAsyncHTTP2Pipeline(mode: .client, configuration: HTTP2Tuning.client) { stream in
                            // Servers push nothing that was agreed on.
                            stream.close()
                        }.map { .http2(channel, $0) }
                    }
                    try channel.pipeline.syncOperations.addHandler(negotiation)
                    return negotiation.protocolNegotiationResult
                }
            }
            return try await negotiated.get()
        } catch {
            throw HTTPClientError.connect(authority, cause: error)
        }
    }

    private static func http1(_ channel: any Channel) throws -> ClientChannel {
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPClientCodec())
        return try ClientChannel(wrappingChannelSynchronously: channel)
    }
}
