package import HTTPTypes
package import NIOCore
import NIOHTTPTypes
import NIOSSL
import Synchronization

typealias HTTPClientChannel = NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart>

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
    /// The peer took the connection and did not get through the TLS handshake.
    case handshakeTooSlow(HTTPAuthority, limit: Duration)
    /// We closed it ourselves.
    case closed(HTTPAuthority)
    case closedEarly(HTTPAuthority, cause: (any Error)? = nil)
    /// The peer took back this one exchange; the connection lives.
    case brokenOff(HTTPAuthority, reason: String)
    case tooLarge(limit: Int)

    package var description: String {
        switch self {
        case .connect(let authority, let cause): "cannot connect to \(authority): \(connectFault(cause))"
        case .handshakeTooSlow(let authority, let limit): "cannot connect to \(authority): no TLS handshake within \(limit)"
        case .closed(let authority): "the connection to \(authority) was closed from this side"
        case .closedEarly(let authority, let cause):
            "\(authority) closed before its answer was complete\(cause.map { ": \($0)" } ?? "")"
        case .brokenOff(let authority, let reason): "\(authority) broke its answer off: \(reason)"
        case .tooLarge(let limit): "the answer is over \(limit) bytes"
        }
    }
}

/// One warm HTTP/2 connection to an authority, for many exchanges at once; opened at the first, and again when it broke.
///
/// Certificates are not verified unless asked for: the network's are self-signed (specs/transcoding-protocol §1.2). A peer without HTTP/2, and
/// plain `http`, get a connection per exchange.
package final class HTTPClientConnection: Sendable {
    package struct Settings: Sendable {
        /// For the TCP connection, and once more for the TLS handshake; the reference's own limit for dialling
        /// (specs/transcoding-protocol §8).
        package var dialTime: Duration = .seconds(2)
        /// An HTTP/2 peer that was silent for so long, with exchanges open or without, is asked for a sign of life …
        package var pingAfter: Duration = .seconds(10)
        /// … and taken for dead when none came after this: longer than a full upload queue delays the question on a link that
        /// carries its stream in real time.
        package var pingAnswer: Duration = .seconds(5)
        /// By the certificates that this machine trusts.
        package var verifiesCertificates = false

        package init() {}
    }

    /// What dialling a TLS peer came to.
    private enum Spoken: Sendable {
        case http2(WarmConnection)
        case http1
    }

    private struct State {
        var warm: WarmConnection?
        var dial: SharedCall<Spoken>?
        /// Found out by dialling.
        var speaksHTTP1Only: Bool
        var isClosed = false
    }

    private enum Way {
        case warm(WarmConnection)
        case dialling(SharedCall<Spoken>)
        case ownConnection
    }

    /// Connections that may leave under one exchange before it fails; each time the peer has said so itself.
    private static let attempts = 3

    package let authority: HTTPAuthority
    private let dialler: HTTPClientDialler
    private let state: Mutex<State>

    package init(authority: HTTPAuthority, settings: Settings = .init(), group: any EventLoopGroup) throws {
        self.authority = authority
        self.dialler = try HTTPClientDialler(authority: authority, settings: settings, group: group)
        self.state = Mutex(State(speaksHTTP1Only: !authority.isSecure))
    }

    /// Sends a request and lends the answer. Returning, throwing or cancelling before the body has ended resets the exchange.
    ///
    /// One that met a leaving peer, and of which the peer took nothing, is sent again on a new connection.
    package func exchange<Result: Sendable>(
        _ head: HTTPRequest, body: ByteBuffer? = nil,
        _ use: @escaping @Sendable (HTTPResponse, HTTPClientBody) async throws -> Result
    ) async throws -> Result {
        for _ in 0..<Self.attempts {
            let (channel, warm) = try await open()
            defer { warm?.release() }
            do {
                return try await exchange(
                    on: channel,
                    send: { try await $0.write(contentsOf: [.head(head)] + (body.map { [.body($0)] } ?? []) + [.end(nil)]) }, use)
            } catch is NotProcessed {
                warm.map(forget)
            }
        }
        throw HTTPClientError.closedEarly(authority)
    }

    /// As above, for a body that is not there yet: `upload` writes it piece by piece, and its end when it returns. Not sent again.
    package func exchange<Result: Sendable>(
        _ head: HTTPRequest, upload: @escaping @Sendable (HTTPClientUpload) async throws -> Void,
        _ use: @escaping @Sendable (HTTPResponse, HTTPClientBody) async throws -> Result
    ) async throws -> Result {
        let (channel, warm) = try await open()
        defer { warm?.release() }
        let authority = authority
        do {
            return try await exchange(
                on: channel,
                send: { outbound in
                    try await outbound.write(.head(head))
                    let body = HTTPClientUpload(outbound: outbound)
                    try await upload(body)
                    try await outbound.write(.end(body.trailers))
                }, use)
        } catch is NotProcessed {
            warm.map(forget)
            throw HTTPClientError.closedEarly(authority)
        }
    }

    private func exchange<Result: Sendable>(
        on channel: HTTPClientChannel,
        send: @escaping @Sendable (NIOAsyncChannelOutboundWriter<HTTPRequestPart>) async throws -> Void,
        _ use: @escaping @Sendable (HTTPResponse, HTTPClientBody) async throws -> Result
    ) async throws -> Result {
        let authority = authority
        return try await withTaskCancellationHandler {
            try await channel.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        // A refusal may come while the upload runs; then the upload fails and the answer is what counts.
                        try? await send(outbound)
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

    /// Closes the warm connection, with the exchanges on it, and makes no other.
    package func close() async {
        try? await shut()?.closeFuture.get()
    }

    /// As `close`, without waiting for the end.
    ///
    /// - Returns: what is being closed.
    @discardableResult func shut() -> (any Channel)? {
        let warm = state.withLock { state in
            state.isClosed = true
            state.dial = nil
            defer { state.warm = nil }
            return state.warm
        }
        warm?.channel.close(promise: nil)
        return warm?.channel
    }

    private func open() async throws -> (HTTPClientChannel, WarmConnection?) {
        // A warm connection may break between two exchanges: then a new one is dialled, nothing was lost.
        var isSecondTry = false
        while true {
            try Task.checkCancellation()
            switch try way() {
            case .ownConnection:
                return (try await dialler.http1(), nil)
            case .warm(let warm):
                if let stream = await warm.openStream() { return (stream, warm) }
                forget(warm)
            case .dialling(let dial):
                // Its end has set the way for the next round; only a connection that breaks at once ends the search.
                guard case .http2(let warm) = try await dial.value() else { continue }
                if let stream = await warm.openStream() { return (stream, warm) }
                if isSecondTry { throw HTTPClientError.closedEarly(authority) }
                isSecondTry = true
            }
        }
    }

    private func way() throws -> Way {
        try state.withLock { state in
            if state.isClosed { throw HTTPClientError.closed(authority) }
            if state.speaksHTTP1Only { return .ownConnection }
            if let warm = state.warm {
                if warm.isUsable { return .warm(warm) }
                state.warm = nil
            }
            if let dial = state.dial { return .dialling(dial) }
            let dial = SharedCall<Spoken> { [weak self] in
                guard let self else { throw CancellationError() }
                return try await self.dial()
            }
            state.dial = dial
            return .dialling(dial)
        }
    }

    /// Runs once for all who wait for it.
    private func dial() async throws -> Spoken {
        do {
            let warm = try await dialler.warm { [weak self] in self?.forget($0) }
            let isWanted = state.withLock { state in
                guard !state.isClosed else { return false }
                state.dial = nil
                state.warm = warm
                state.speaksHTTP1Only = warm == nil
                return true
            }
            guard isWanted else {
                warm?.channel.close(promise: nil)
                throw HTTPClientError.closed(authority)
            }
            return warm.map { .http2($0) } ?? .http1
        } catch {
            state.withLock { $0.dial = nil }
            throw error
        }
    }

    private func forget(_ warm: WarmConnection) {
        state.withLock { if $0.warm === warm { $0.warm = nil } }
        warm.retire()
    }
}
