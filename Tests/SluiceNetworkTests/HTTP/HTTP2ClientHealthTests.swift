import NIOCore
import NIOEmbedded
import NIOHTTP2
import Synchronization
import Testing

@testable import SluiceNetwork

/// The handler alone, on a clock of the test's own.
@Suite struct HTTP2ClientHealthTests {
    private final class Told: Sendable {
        let isLeaving = Mutex(false)
    }

    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private let told = Told()

    init() throws {
        channel = EmbeddedChannel(loop: loop)
        try channel.pipeline.syncOperations.addHandler(
            HTTP2ClientHealth(silence: .seconds(10), answer: .seconds(5)) { [told] in told.isLeaving.withLock { $0 = true } })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private var isLeaving: Bool { told.isLeaving.withLock { $0 } }

    private func pings() throws -> Int {
        var pings = 0
        while let frame = try channel.readOutbound(as: HTTP2Frame.self) {
            if case .ping(_, ack: false) = frame.payload { pings += 1 }
        }
        return pings
    }

    @Test func silenceIsAskedAndThenTheEnd() throws {
        loop.advanceTime(by: .seconds(9))
        #expect(try pings() == 0)
        loop.advanceTime(by: .seconds(1))
        #expect(try pings() == 1)
        loop.advanceTime(by: .seconds(4))
        #expect(channel.isActive && !isLeaving)
        loop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive && isLeaving)
    }

    @Test func anAnswerIsLifeForAnotherWhile() throws {
        for _ in 0..<3 {
            loop.advanceTime(by: .seconds(10))
            #expect(try pings() == 1)
            try channel.writeInbound(HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(), ack: true)))
        }
        #expect(channel.isActive && !isLeaving)
    }

    @Test func aPeerThatTalksIsNotAsked() throws {
        for _ in 0..<20 {
            loop.advanceTime(by: .seconds(9))
            channel.pipeline.fireChannelReadComplete()
        }
        #expect(try pings() == 0)
        #expect(channel.isActive)
    }

    @Test func whatComesWhileTheAnswerIsAwaitedIsAnAnswer() throws {
        loop.advanceTime(by: .seconds(12))
        channel.pipeline.fireChannelReadComplete()
        loop.advanceTime(by: .seconds(3))
        #expect(channel.isActive)
        _ = try pings()
        // Ten seconds of silence from what was heard, not from the question.
        loop.advanceTime(by: .seconds(7))
        #expect(try pings() == 1)
    }

    @Test func aGoodbyeIsToldOn() throws {
        try channel.writeInbound(
            HTTP2Frame(streamID: .rootStream, payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil)))
        #expect(isLeaving && channel.isActive)
    }
}
