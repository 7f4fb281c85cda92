import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A container engine that says what a test tells it to, at a Unix socket.
final class ScriptedEngine: Sendable {
    struct Call: Hashable, Sendable {
        var method: String
        var uri: String
        var body: String
        /// What it is to ask a registry with.
        var login: String?
    }

    struct Answer: Sendable {
        var status = 200
        var pieces: [String] = []
        /// Nothing more comes, and the connection stays.
        var hangs = false
        /// Not even a status.
        var isSilent = false
    }

    let path: String
    private let calls = Mutex<[Call]>([])
    private let answer: @Sendable (Call) -> Answer

    private init(_ path: String, _ answer: @escaping @Sendable (Call) -> Answer) {
        self.path = path
        self.answer = answer
    }

    var heard: [Call] { calls.withLock { $0 } }

    static func running(
        _ answer: @escaping @Sendable (Call) -> Answer, _ body: (ScriptedEngine) async throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "e-\(UUID().uuidString.prefix(8)).sock").path
        let engine = ScriptedEngine(path, answer)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(Handler(engine))
            }
        }.bind(unixDomainSocketPath: path).get()
        do { try await body(engine) } catch {
            try await server.close()
            throw error
        }
        try await server.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    private func take(_ call: Call) -> Answer {
        calls.withLock { $0.append(call) }
        return answer(call)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let engine: ScriptedEngine
        private var call = Call(method: "", uri: "", body: "")

        init(_ engine: ScriptedEngine) { self.engine = engine }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                call = Call(method: head.method.rawValue, uri: head.uri, body: "", login: head.headers.first(name: "X-Registry-Auth"))
            case .body(let bytes): call.body += String(buffer: bytes)
            case .end:
                let answer = engine.take(call)
                if answer.isSilent { return }
                let head = HTTPResponseHead(
                    version: .http1_1, status: .init(statusCode: answer.status), headers: ["Content-Type": "application/json"])
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                for piece in answer.pieces {
                    context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: piece)))), promise: nil)
                }
                if answer.hangs { return context.flush() }
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
