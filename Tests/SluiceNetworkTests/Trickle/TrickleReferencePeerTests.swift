import NIOCore
import NIOPosix
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Our clients against what the reference's server was recorded to say, byte for byte.
@Suite(.timeLimit(.minutes(1))) struct TrickleReferencePeerTests {
    private static let group = MultiThreadedEventLoopGroup.singleton

    private func reading(from start: TrickleIndex, _ script: [String: String]) async throws -> [String] {
        try await RecordedPeer.serving(script) { port in
            var settings = TrickleHTTPSubscriber.Settings()
            settings.start = start
            let url = try TrickleURL("http://127.0.0.1:\(port)/ai/trickle/c1")
            return try await TrickleHTTPSubscriber.reading(url, settings: settings, group: Self.group) { subscriber in
                var heard: [String] = []
                while let segment = try await subscriber.next() {
                    let text = try await segment.collect(upTo: 1000)
                    heard.append("\(segment.sequence) \(segment.contentType) \(segment.skipped) \(String(buffer: text))")
                }
                return heard
            }
        }
    }

    @Test func fromTheFirstSegmentToTheEnd() async throws {
        let heard = try await reading(
            from: .number(0),
            [
                "GET /ai/trickle/c1/0": "get-0", "GET /ai/trickle/c1/1": "get-1",
                "GET /ai/trickle/c1/2": "get-after-close-with-autocreate",
            ])
        #expect(heard == ["0 video/MP2T 0 segment zero", "1 video/MP2T 0 one two three"])
    }

    @Test func fromTooFarAheadBackToTheEdge() async throws {
        let heard = try await reading(
            from: .number(7),
            ["GET /ai/trickle/c1/7": "get-470-ahead", "GET /ai/trickle/c1/1": "get-1", "GET /ai/trickle/c1/2": "pending-get-at-close"])
        #expect(heard == ["1 video/MP2T 0 one two three"])
    }

    @Test func aLiveSegmentAndAnEmptyOne() async throws {
        let heard = try await reading(
            from: .next,
            [
                "GET /ai/trickle/c1/-1": "get-live-read", "GET /ai/trickle/c1/8": "get-4-empty",
                "GET /ai/trickle/c1/5": "get-after-close-with-autocreate",
            ])
        #expect(heard == ["7 video/MP2T 0 first second", "4  0 "])
    }

    @Test func aPublisherGoesOnWhereTheServerSaysAndTakesEveryInterimAnswer() async throws {
        try await RecordedPeer.serving([
            "GET /ai/trickle/c1/next": "next-after-two", "POST /ai/trickle/c1/2": "preconnect-keepalive",
            "POST /ai/trickle/c1/3": "pending-post-at-close", "DELETE /ai/trickle/c1": "delete-channel",
        ]) { port in
            let url = try TrickleURL("http://127.0.0.1:\(port)/ai/trickle/c1")
            try await TrickleHTTPPublisher.writing(url, group: Self.group) { publisher in
                let segment = try await publisher.open()
                #expect(segment.sequence == 2)
                try await segment.write(ByteBuffer(string: "hello"))
                try await segment.finish()
                let last = try await publisher.open()
                try await last.write(ByteBuffer(string: "too late"))
                await #expect(throws: TrickleFailure.channelClosed) { try await last.finish() }
                try await publisher.close()
            }
        }
    }
}

/// A server that answers each request with what was recorded, once the request has come in whole.
private enum RecordedPeer {
    /// - Parameter script: names of recordings, by method and path.
    static func serving<Result: Sendable>(
        _ script: [String: String], _ body: (Int) async throws -> Result
    ) async throws -> Result {
        let recorded = try TrickleRecording.raw()
        let answers = script.compactMapValues { name in recorded.first { $0.name == name }?.server }
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Answering(answers)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let result = try await body(listener.localAddress?.port ?? 0)
            try await listener.close()
            return result
        } catch {
            try await listener.close()
            throw error
        }
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answers: [String: String]
        private var heard = ""

        init(_ answers: [String: String]) { self.answers = answers }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            heard += String(buffer: unwrapInboundIn(data))
            let isWhole = heard.hasPrefix("POST") ? heard.hasSuffix("0\r\n\r\n") : heard.hasSuffix("\r\n\r\n")
            guard isWhole else { return }
            let request = heard.split(separator: " ").prefix(2).joined(separator: " ")
            heard = ""
            guard let answer = answers[request] else { return context.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
    }
}
