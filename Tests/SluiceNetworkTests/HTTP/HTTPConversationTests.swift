import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import SluiceNetwork

/// Requests that are answered on the event loop, beside those that a task answers, on a connection with a clock of the test's own.
@Suite struct HTTPConversationTests {
    private let channel = EmbeddedChannel(loop: EmbeddedEventLoop())
    private let script = Script()
    private let woken = Woken()

    init() throws {
        _ = try HTTPServerPipeline(tls: nil, loop: script, settings: .init(), wake: { [woken] _ in woken.count += 1 }).build(channel).wait()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Used on the test's one thread alone: that is the proof.
    private final class Woken: @unchecked Sendable { var count = 0 }

    /// Takes what is below `/loop/`. As `Woken`, of the test's one thread.
    private final class Script: HTTPLoopResponder, @unchecked Sendable {
        final class Exchange: HTTPLoopExchange {
            var heard = ""
            var isWhole = false
            var isGone = false

            func received(_ piece: ByteBuffer) { heard += String(buffer: piece) }
            func requestEnded() { isWhole = true }
            func hasRoom() {}
            func gone() { isGone = true }
        }

        var exchanges: [Exchange] = []
        var conversation: HTTPConversation?

        func takes(_ request: HTTPRequest) -> Bool { request.path?.hasPrefix("/loop/") ?? false }

        func begin(_ request: HTTPRequest, _ conversation: HTTPConversation) -> (any HTTPLoopExchange)? {
            self.conversation = conversation
            if request.path == "/loop/no" {
                conversation.send(.notFound, headers: [.connection: "close"], body: ByteBuffer(string: "no"))
                return nil
            }
            let exchange = Exchange()
            exchanges.append(exchange)
            return exchange
        }
    }

    private func hear(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    private func said() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    @Test func aBodyIsHeardPieceByPieceAndAnsweredWithoutATask() throws {
        try hear("POST /loop/a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        let exchange = try #require(script.exchanges.first)
        #expect(exchange.heard == "one")
        try hear("3\r\ntwo\r\n0\r\n\r\n")
        #expect(exchange.heard == "onetwo")
        #expect(exchange.isWhole)
        script.conversation?.send(.ok, body: ByteBuffer(string: "fine"))
        #expect(try said().hasSuffix("\r\n\r\nfine"))
        #expect(woken.count == 0)
        #expect(!exchange.isGone)
    }

    @Test func oneConnectionServesBothKinds() throws {
        try hear("GET /loop/a HTTP/1.1\r\nhost: x\r\n\r\n")
        script.conversation?.send(.ok)
        try hear("GET /task HTTP/1.1\r\nhost: x\r\n\r\n")
        #expect(woken.count == 1)
        #expect(script.exchanges.count == 1)
    }

    @Test func aTaskIsWokenOnce() throws {
        for _ in 0..<2 {
            try hear("GET /task HTTP/1.1\r\nhost: x\r\n\r\n")
            try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok, headerFields: [.contentLength: "0"])))
            try channel.writeOutbound(HTTPResponsePart.end(nil))
        }
        #expect(woken.count == 1)
    }

    @Test func whoGoesAwayIsTold() throws {
        try hear("GET /loop/a HTTP/1.1\r\nhost: x\r\n\r\n")
        let exchange = try #require(script.exchanges.first)
        channel.close(promise: nil)
        channel.embeddedEventLoop.run()
        #expect(exchange.isGone)
    }

    /// A close while it still sends would destroy the answer that it has not read.
    @Test func whoSendsOnAfterALastAnswerIsHeardOutForAWhile() throws {
        try hear("POST /loop/no HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf")
        let said = try said()
        #expect(said.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(said.contains("connection: close"))
        try hear("and more")
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
    }

    @Test func whoSendsOnToTheEndIsClosedThen() throws {
        try hear("POST /loop/no HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\nhalf")
        #expect(channel.isActive)
        try hear("half")
        channel.embeddedEventLoop.run()
        #expect(!channel.isActive)
    }

    @Test func anAnswerBeforeTheEndOfAShortBodyKeepsTheConnection() throws {
        try hear("POST /loop/a HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\nhalf")
        script.conversation?.send(.ok)
        try hear("half")
        channel.embeddedEventLoop.advanceTime(by: .seconds(3))
        #expect(channel.isActive)
        try hear("GET /loop/a HTTP/1.1\r\nhost: x\r\n\r\n")
        #expect(script.exchanges.count == 2)
    }

    @Test func nobodySendsWithoutEnd() throws {
        try hear("POST /loop/a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n")
        script.conversation?.send(.ok)
        let piece = String(repeating: "x", count: 1 << 20)
        // The close comes in the middle of a body, which is said.
        for _ in 0..<17 where channel.isActive { try? hear("100000\r\n\(piece)\r\n") }
        channel.embeddedEventLoop.run()
        #expect(!channel.isActive)
    }
}
