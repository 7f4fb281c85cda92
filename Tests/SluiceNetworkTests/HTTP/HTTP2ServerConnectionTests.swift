import NIOCore
import NIOEmbedded
import NIOHTTP2
import Testing

@testable import SluiceNetwork

@Suite struct HTTP2FarewellTests {
    @Test func onceAcknowledgedItIsOverWithTheLastStream() {
        var farewell = HTTP2Farewell()
        farewell.opened(1)
        let begins = [farewell.begin(), farewell.begin()]
        #expect(begins == [true, false])
        farewell.opened(3)
        farewell.closed()
        let news = [farewell.acknowledged(), farewell.acknowledged()]
        #expect(news == [true, false])
        #expect(farewell.newestStream == 3)
        #expect(!farewell.isOver)
        farewell.closed()
        #expect(farewell.isOver)
    }

    @Test func anAcknowledgementThatNobodyAskedForIsNothing() {
        var farewell = HTTP2Farewell()
        let isNews = farewell.acknowledged()
        #expect(!isNews)
        #expect(!farewell.isOver)
    }

    @Test func untilItIsAcknowledgedAStreamMayBeOnItsWay() {
        var farewell = HTTP2Farewell()
        farewell.opened(1)
        _ = farewell.begin()
        farewell.closed()
        #expect(!farewell.isOver)
    }
}

/// The handler alone, on a clock of the test's own: frames go in and come out.
@Suite struct HTTP2ServerConnectionTests {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private let streams: HTTP2ServerConnection.Streams

    init() throws {
        channel = EmbeddedChannel(loop: loop)
        let connection = HTTP2ServerConnection(idleTime: .seconds(600), grace: .seconds(10), progress: HeadProgress())
        streams = HTTP2ServerConnection.Streams(connection: NIOLoopBound(connection, eventLoop: loop))
        try channel.pipeline.syncOperations.addHandler(connection)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func said() throws -> [HTTP2Frame.FramePayload] {
        var frames: [HTTP2Frame.FramePayload] = []
        while let frame = try channel.readOutbound(as: HTTP2Frame.self) { frames.append(frame.payload) }
        return frames
    }

    private func goodbyes() throws -> [HTTP2StreamID] {
        try said().compactMap { if case .goAway(let last, _, _) = $0 { last } else { nil } }
    }

    private func acknowledge(_ frames: [HTTP2Frame.FramePayload]) throws {
        for case .ping(let payload, ack: false) in frames {
            try channel.writeInbound(HTTP2Frame(streamID: .rootStream, payload: .ping(payload, ack: true)))
        }
    }

    private func openStream(_ id: HTTP2StreamID) -> EmbeddedChannel {
        let stream = EmbeddedChannel(loop: loop)
        streams.streamCreated(id, channel: stream)
        return stream
    }

    @Test func anIdleConnectionIsEndedInOrder() throws {
        loop.advanceTime(by: .seconds(599))
        #expect(try said().isEmpty)
        loop.advanceTime(by: .seconds(1))
        let announcement = try said()
        #expect(announcement.count == 2)
        try acknowledge(announcement)
        loop.run()
        #expect(try goodbyes().last == .rootStream)
        #expect(!channel.isActive)
    }

    @Test func idleTimeCountsFromTheLastStream() throws {
        let stream = openStream(1)
        loop.advanceTime(by: .seconds(3600))
        #expect(try said().isEmpty)
        // Not `finish`, which would take every timer of the loop with it.
        stream.close(promise: nil)
        loop.run()
        loop.advanceTime(by: .seconds(599))
        #expect(try said().isEmpty)
        loop.advanceTime(by: .seconds(1))
        #expect(try goodbyes() == [.maxID])
    }

    @Test func aPeerThatDoesNotAcknowledgeIsClosedAfterTheGrace() throws {
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        loop.advanceTime(by: .seconds(9))
        #expect(channel.isActive)
        loop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func openStreamsEndWithinTheGraceAndThenTheConnection() throws {
        let stream = openStream(5)
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try acknowledge(try said())
        #expect(try goodbyes() == [5])
        loop.advanceTime(by: .seconds(5))
        #expect(channel.isActive)
        stream.close(promise: nil)
        loop.run()
        #expect(!channel.isActive)
    }

    @Test func aStreamThatDoesNotEndIsCutOffAfterTheGrace() throws {
        _ = openStream(1)
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try acknowledge(try said())
        loop.advanceTime(by: .seconds(10))
        #expect(!channel.isActive)
    }
}
