import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP2
import NIOHTTPTypes
import Testing

@testable import SluiceNetwork

/// The pipeline of an HTTP/1.1 connection on a clock of the test's own.
@Suite struct SlowHeadTests {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel

    init() throws {
        channel = EmbeddedChannel(loop: loop)
        _ = try HTTPServerPipeline(tls: nil, settings: .init(), wake: { _ in }).build(channel).wait()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func hear(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    private func said() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    private func answer() throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok, headerFields: [.contentLength: "0"])))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
    }

    @Test func aTricklingHeadGets408WhenItsTimeIsOver() throws {
        for byte in "GET / HTT" {
            try hear(String(byte))
            loop.advanceTime(by: .seconds(1))
        }
        #expect(channel.isActive)
        #expect(try said() == "")
        loop.advanceTime(by: .seconds(1))
        let said = try said()
        #expect(said.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"), "\(said)")
        #expect(said.contains("the head of the request was not complete within 10.0 s\n"))
        #expect(!channel.isActive)
    }

    @Test func aPeerThatOnlyConnectsIsClosedWithoutAWord() throws {
        loop.advanceTime(by: .seconds(10))
        #expect(try said() == "")
        #expect(!channel.isActive)
    }

    @Test func whileARequestIsAnsweredTheClockStands() throws {
        try hear("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        loop.advanceTime(by: .seconds(60))
        #expect(channel.isActive)
        try answer()
        loop.advanceTime(by: .seconds(60))
        #expect(channel.isActive)
        #expect(try said().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func aLaterHeadHasItsOwnTime() throws {
        try hear("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        try answer()
        _ = try said()
        loop.advanceTime(by: .seconds(60))
        try hear("GET / H")
        loop.advanceTime(by: .seconds(9))
        #expect(channel.isActive)
        loop.advanceTime(by: .seconds(1))
        #expect(try said().hasPrefix("HTTP/1.1 408 "))
    }

    @Test func aHeadBegunBehindAnUnansweredRequestWaitsForItsAnswer() throws {
        try hear("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        try hear("GET / H")
        loop.advanceTime(by: .seconds(10))
        #expect(channel.isActive)
        try answer()
        _ = try said()
        loop.advanceTime(by: .seconds(10))
        #expect(try said().hasPrefix("HTTP/1.1 408 "))
        #expect(!channel.isActive)
    }

    @Test(arguments: ["NONSENSE\r\n\r\n", "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nx\r\n"])
    func whatIsNoHTTPGets400AndTheResponderNoWord(text: String) throws {
        try? hear(text)
        #expect(try said().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        try? answer()
        #expect(try said() == "")
        #expect(!channel.isActive)
    }

    @Test(arguments: ["1.1\r\nconnection: close", "1.0"])
    func behindTheAnswerToThePeersLastRequestItCloses(version: String) throws {
        try hear("GET / HTTP/\(version)\r\nhost: x\r\n\r\n")
        try answer()
        #expect(try said().lowercased().contains("\r\nconnection: close\r\n"))
        #expect(!channel.isActive)
    }

    @Test func theRequestBeforeTheLastDoesNotClose() throws {
        try hear("GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        try answer()
        #expect(channel.isActive)
        try answer()
        #expect(!channel.isActive)
    }
}

/// The same over sockets.
@Suite(.timeLimit(.minutes(1))) struct SlowPeerTests {
    private func settings(head: Duration, idle: Duration = .seconds(600)) -> HTTPServer.Settings {
        var settings = HTTPServer.Settings()
        settings.headTime = head
        settings.idleTime = idle
        return settings
    }

    @Test func aTricklingPeerIsAnsweredAndClosed() async throws {
        try await TestServer.serving(GatedResponder(), tls: false, settings: settings(head: .milliseconds(100))) { peer in
            let heard = try await RawPeer.talk(to: peer.port, "GET /echo HTTP/1.1\r\nhos")
            #expect(heard.hasPrefix("HTTP/1.1 408 "), "\(heard)")
        }
    }

    @Test func aPeerThatNeverBeginsItsTLSHandshakeIsClosed() async throws {
        try await TestServer.serving(GatedResponder(), settings: settings(head: .milliseconds(100))) { peer in
            let heard = try await RawPeer.talk(to: peer.port, "")
            #expect(heard == "")
        }
    }

    @Test func aPeerOfWhichNothingComesIsClosedAfterTheIdleTime() async throws {
        try await TestServer.serving(
            GatedResponder(), tls: false, settings: settings(head: .seconds(3600), idle: .milliseconds(100))
        ) { peer in
            let heard = try await RawPeer.talk(to: peer.port, "POST /echo HTTP/1.1\r\ncontent-length: 2\r\n\r\nh")
            #expect(!heard.contains("200"))
        }
    }

    @Test func anHTTP2PeerThatSaysNothingIsClosed() async throws {
        try await TestServer.serving(GatedResponder(), settings: settings(head: .milliseconds(100))) { peer in
            let raw = try await HTTP2Peer.connect(to: peer.port, speaks: false)
            for await _ in raw.frames {}
        }
    }

    @Test func anIdleHTTP2ConnectionEndsInOrder() async throws {
        try await TestServer.serving(GatedResponder(), settings: settings(head: .seconds(3600), idle: .milliseconds(100))) { peer in
            let raw = try await HTTP2Peer.connect(to: peer.port)
            let goodbyes = await raw.goodbyes()
            #expect(goodbyes.first == .maxID)
            #expect(goodbyes.last == .rootStream)
        }
    }
}
