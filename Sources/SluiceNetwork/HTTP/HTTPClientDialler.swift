import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypesHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// Makes connections to one authority.
struct HTTPClientDialler: Sendable {
    private enum Negotiated: Sendable {
        case http2(WarmConnection)
        /// Without handlers for HTTP yet: not each of them is used.
        case http1(any Channel)
    }

    /// What a closing connection waits for the peer's own farewell (TLS close_notify); a dead peer sends none.
    private static let farewellTime: TimeAmount = .seconds(1)

    private let authority: HTTPAuthority
    private let settings: HTTPClientConnection.Settings
    private let group: any EventLoopGroup
    /// Offering HTTP/2 and HTTP/1.1, and HTTP/1.1 alone; `nil` for plain `http`.
    private let contexts: (any: NIOSSLContext, http1: NIOSSLContext)?

    init(authority: HTTPAuthority, settings: HTTPClientConnection.Settings, group: any EventLoopGroup) throws {
        self.authority = authority
        self.settings = settings
        self.group = group
        self.contexts =
            authority.isSecure
            ? (try Self.context(["h2", "http/1.1"], settings), try Self.context(["http/1.1"], settings)) : nil
    }

    /// A connection for many exchanges.
    ///
    /// - Parameter onLeaving: called, more than once, when the peer says goodbye or the connection breaks; also before this returns.
    /// - Returns: `nil` when the peer speaks no HTTP/2; the connection that told so is closed again.
    func warm(onLeaving: @escaping @Sendable (WarmConnection) -> Void) async throws -> WarmConnection? {
        switch try await connect(contexts?.any, onLeaving: onLeaving) {
        case .http2(let warm): return warm
        case .http1(let channel):
            channel.close(promise: nil)
            return nil
        }
    }

    /// A connection for one exchange.
    func http1() async throws -> HTTPClientChannel {
        switch try await connect(contexts?.http1, onLeaving: { _ in }) {
        case .http2(let warm):
            warm.channel.close(promise: nil)
            throw HTTPClientError.closedEarly(authority)
        case .http1(let channel):
            do {
                return try await channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPClientCodec())
                    return try HTTPClientChannel(wrappingChannelSynchronously: channel)
                }.get()
            } catch {
                channel.close(promise: nil)
                throw HTTPClientError.connect(authority, cause: error)
            }
        }
    }

    private func connect(
        _ context: NIOSSLContext?, onLeaving: @escaping @Sendable (WarmConnection) -> Void
    ) async throws -> Negotiated {
        let isTooSlow = Flag()
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(settings.dialTime))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        do {
            let negotiated = try await bootstrap.connect(host: authority.host, port: authority.port) { channel in
                channel.eventLoop.makeCompletedFuture { () -> EventLoopFuture<Negotiated> in
                    guard let context else { return channel.eventLoop.makeSucceededFuture(.http1(channel)) }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: serverName))
                    try pipeline.addHandler(HandshakeDeadline(TimeAmount(settings.dialTime)) { isTooSlow.set() })
                    let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Negotiated> { result, channel in
                        channel.eventLoop.makeCompletedFuture {
                            guard case .negotiated("h2") = result else { return .http1(channel) }
                            return .http2(try http2(channel, onLeaving: onLeaving))
                        }
                    }
                    try pipeline.addHandler(negotiation)
                    return negotiation.protocolNegotiationResult
                }
            }
            return try await negotiated.get()
        } catch {
            if isTooSlow.isSet { throw HTTPClientError.handshakeTooSlow(authority, limit: settings.dialTime) }
            throw HTTPClientError.connect(authority, cause: error)
        }
    }

    private func http2(_ channel: any Channel, onLeaving: @escaping @Sendable (WarmConnection) -> Void) throws -> WarmConnection {
        let pipeline = channel.pipeline.syncOperations
        let streams = try pipeline.configureAsyncHTTP2Pipeline(mode: .client, configuration: HTTP2Tuning.client) { stream in
            // Servers push nothing that was agreed on.
            stream.close()
        }
        let warm = WarmConnection(channel: channel, streams: streams)
        try pipeline.addHandler(
            HTTP2ClientHealth(silence: TimeAmount(settings.pingAfter), answer: TimeAmount(settings.pingAnswer)) { onLeaving(warm) })
        return warm
    }

    /// For SNI, which knows no addresses.
    private var serverName: String? {
        (try? SocketAddress(ipAddress: authority.host, port: authority.port)) == nil ? authority.host : nil
    }

    private static func context(_ protocols: [String], _ settings: HTTPClientConnection.Settings) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = settings.verifiesCertificates ? .fullVerification : .none
        configuration.applicationProtocols = protocols
        configuration.shutdownTimeout = farewellTime
        return try NIOSSLContext(configuration: configuration)
    }
}

/// Set once, from any thread.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
