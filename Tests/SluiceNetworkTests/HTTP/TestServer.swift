import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import Synchronization

@testable import SluiceNetwork

/// A server on the loopback for the length of a test, with what its responder tells of itself.
struct TestServer: Sendable {
    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    let server: HTTPServer
    let port: Int
    let isSecure: Bool

    var authority: HTTPAuthority { HTTPAuthority(isSecure: isSecure, host: "127.0.0.1", port: port) }

    func client(_ settings: HTTPClientConnection.Settings = .init()) throws -> HTTPClientConnection {
        try HTTPClientConnection(authority: authority, settings: settings, group: MultiThreadedEventLoopGroup.singleton)
    }

    func head(_ method: HTTPRequest.Method, _ path: String) -> HTTPRequest {
        HTTPRequest(method: method, scheme: isSecure ? "https" : "http", authority: "localhost", path: path)
    }

    /// Serves until `body` is done, then cuts off what is open.
    static func serving(
        _ responder: any HTTPResponder, direct: (any HTTPDirectResponder)? = nil, loop: (any HTTPLoopResponder)? = nil,
        proxy: HTTPServer.Proxy? = nil, tls: Bool = true, port: Int = 0, settings: HTTPServer.Settings = .init(),
        _ body: (TestServer) async throws -> Void
    ) async throws {
        var credentials: HTTPServerTLS?
        if tls {
            let certificate = try SelfSignedCertificate.make(host: "localhost")
            credentials = HTTPServerTLS(certificatePEM: certificate.certificatePEM, keyPEM: certificate.keyPEM)
        }
        let server = HTTPServer(
            host: "127.0.0.1", port: port, tls: credentials, responder: responder, direct: direct, loop: loop, proxy: proxy,
            settings: settings, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        let port = try await server.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            try await body(TestServer(server: server, port: port, isSecure: tls))
        }
    }
}

/// Opened once; whoever waits goes on, also when cancelled.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in waiting { body() }
    }

    func whenOpen(_ body: @escaping @Sendable () -> Void) {
        let isOpen = state.withLock { state in
            if !state.isOpen { state.waiting.append(body) }
            return state.isOpen
        }
        if isOpen { body() }
    }

    func wait() async {
        let (opened, continuation) = AsyncStream.makeStream(of: Void.self)
        whenOpen { continuation.finish() }
        for await _ in opened {}
    }
}

/// `/echo`, `/trailers`, `/wait` (answers when the gate opens), `/hang` (begins an answer and never ends it), all else throws.
struct GatedResponder: HTTPResponder {
    /// A request for `/wait` or `/hang` is being answered.
    let arrived = Gate()
    let gate = Gate()
    /// The task that answered `/wait` or `/hang` was cancelled.
    let cancelled = Gate()

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        switch request.head.path {
        case "/echo":
            try await writer.send(.ok, body: try await request.body.collect(upTo: 8 << 20))
        case "/trailers":
            try await writer.begin(.ok)
            try await writer.write(ByteBuffer(string: "body"))
            try await writer.finish(trailers: [.grpcStatus: "0"])
        case "/wait":
            arrived.open()
            await gate.wait()
            if Task.isCancelled { cancelled.open() }
            try await writer.send(.ok, body: ByteBuffer(string: "done"))
        case "/hang":
            try await writer.begin(.ok)
            arrived.open()
            await Gate().wait()
            cancelled.open()
        default: throw ChannelError.operationUnsupported
        }
    }
}

/// A peer over plain TCP that says what it is told.
enum RawPeer {
    /// Sends the text, does `then` once `until` has been heard, and returns all that was heard when the other side closes.
    static func talk(
        to port: Int, _ text: String, until: String = "", then: () async throws -> Void = {}
    ) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            if !text.isEmpty { try await outbound.write(ByteBuffer(string: text)) }
            var heard = ""
            var pieces = inbound.makeAsyncIterator()
            while !heard.hasSuffix(until), let piece = try await pieces.next() { heard += String(buffer: piece) }
            try await then()
            while let piece = try await pieces.next() { heard += String(buffer: piece) }
            return heard
        }
    }
}
