import NIOCore
import NIOPosix
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Publisher and subscriber, over the network and within the process: they do the same.
@Suite(.timeLimit(.minutes(1))) struct TrickleClientTests {
    enum Way: CaseIterable, Sendable {
        case http1, http2, local
    }

    private static let group = MultiThreadedEventLoopGroup.singleton

    /// A publisher and a subscriber of one channel.
    private func paired(
        _ way: Way, from start: TrickleIndex = .newest, _ adjust: (inout TrickleTable.Settings) -> Void = { _ in },
        _ body: @escaping @Sendable (TrickleDoor, any TricklePublisher, any TrickleSubscriber) async throws -> Void
    ) async throws {
        try await TrickleDoor.opened(tls: way == .http2, adjust) { door in
            try door.table.create("c", contentType: "video/MP2T")
            guard way != .local else {
                return try await body(
                    door, TrickleLocalPublisher("c", of: door.table), TrickleLocalSubscriber("c", of: door.table, from: start))
            }
            let url = try TrickleURL("\(way == .http2 ? "https" : "http")://127.0.0.1:\(door.port)/ai/trickle/c")
            var settings = TrickleHTTPSubscriber.Settings()
            settings.start = start
            try await TrickleHTTPPublisher.writing(url, group: Self.group) { publisher in
                try await TrickleHTTPSubscriber.reading(url, settings: settings, group: Self.group) { subscriber in
                    try await body(door, publisher, subscriber)
                }
            }
        }
    }

    private func send(_ text: String, by publisher: any TricklePublisher) async throws {
        let segment = try await publisher.open()
        try await segment.write(ByteBuffer(string: text))
        try await segment.finish()
    }

    @Test(arguments: Way.allCases) func bytesPassWhileTheSegmentIsOpen(way: Way) async throws {
        try await paired(way) { _, publisher, subscriber in
            for number in 0..<4 {
                let out = try await publisher.open()
                #expect(out.sequence == Int64(number))
                try await out.write(ByteBuffer(string: "first"))
                let segment = try #require(try await subscriber.next())
                #expect(segment.sequence == Int64(number))
                #expect(segment.contentType == "video/MP2T")
                #expect(segment.skipped == 0)
                let first = try await segment.next()
                #expect(first.map { String(buffer: $0) } == "first")
                try await out.write(ByteBuffer(string: "second"))
                let second = try await segment.next()
                #expect(second.map { String(buffer: $0) } == "second")
                try await out.finish()
                let end = try await segment.next()
                #expect(end == nil)
            }
            try await publisher.close()
            let end = try await subscriber.next()
            #expect(end == nil)
        }
    }

    @Test(arguments: Way.allCases) func theEndReachesWhoWaits(way: Way) async throws {
        try await paired(way) { door, publisher, subscriber in
            try await send("only", by: publisher)
            let segment = try #require(try await subscriber.next())
            let text = try await segment.collect(upTo: 100)
            #expect(String(buffer: text) == "only")
            async let end = subscriber.next()
            try await door.readers(1, of: "c")
            try await publisher.close()
            let last = try await end
            #expect(last == nil)
            await #expect(throws: TrickleFailure.self) { try await send("more", by: publisher) }
        }
    }

    @Test(arguments: Way.allCases) func whatWasSentBeforeTheEndIsReadAfterIt(way: Way) async throws {
        try await paired(way, from: .number(0)) { _, publisher, subscriber in
            for number in 0..<3 { try await send("\(number)", by: publisher) }
            try await publisher.close()
            for number in 0..<3 {
                let segment = try #require(try await subscriber.next())
                let text = try await segment.collect(upTo: 10)
                #expect(String(buffer: text) == "\(number)")
            }
            let end = try await subscriber.next()
            #expect(end == nil)
        }
    }

    @Test(arguments: Way.allCases) func whoFellBehindGoesOnAtTheEdgeAndKnowsIt(way: Way) async throws {
        try await paired(way, { $0.limits.keepTime = .zero }) { door, publisher, subscriber in
            try await send("0", by: publisher)
            let first = try #require(try await subscriber.next())
            _ = try await first.collect(upTo: 100)
            // What it has asked for already is kept for it; then the window moves on.
            for number in 1...12 { try await send("\(number)", by: publisher) }
            var seen: [Int64] = []
            var skipped: Int64 = 0
            while seen.last != 12, let segment = try await subscriber.next() {
                let text = try? await segment.collect(upTo: 100)
                if let text { #expect(String(buffer: text) == "\(segment.sequence)") }
                seen.append(segment.sequence)
                skipped += segment.skipped
            }
            #expect(seen.count + Int(skipped) == 12)
            #expect(skipped > 0)
            _ = door
        }
    }

    @Test(arguments: Way.allCases) func aCutSegmentIsToldFromAWholeOne(way: Way) async throws {
        try await paired(way) { door, _, subscriber in
            let relay = try door.relay("c")
            guard case .segment(let id) = relay.open(nil, resets: false) else { return }
            _ = relay.append(ByteBuffer(string: "half"), to: id)
            let segment = try #require(try await subscriber.next())
            let half = try await segment.next()
            #expect(half.map { String(buffer: $0) } == "half")
            relay.abandon(id)
            await #expect(throws: TrickleFailure.cut("publisher-lost")) { try await segment.next() }
        }
    }

    @Test(arguments: Way.allCases) func aRestartedPublisherFreesTheReadersOfItsEarlierLife(way: Way) async throws {
        try await paired(way) { door, publisher, subscriber in
            let relay = try door.relay("c")
            guard case .segment(let id) = relay.open(nil, resets: false) else { return }
            _ = relay.append(ByteBuffer(string: "half"), to: id)
            let old = try #require(try await subscriber.next())
            _ = try await old.next()
            let out = try await publisher.open()
            #expect(out.sequence == 1)
            try await out.write(ByteBuffer(string: "new"))
            let end = try await old.next()
            #expect(end == nil)
            let new = try #require(try await subscriber.next())
            #expect(new.sequence == 1)
            try await out.finish()
        }
    }

    @Test(arguments: Way.allCases) func aLargeSegmentComesWhole(way: Way) async throws {
        try await paired(way) { _, publisher, subscriber in
            let bytes = ByteBuffer(repeating: 7, count: 5 << 20)
            let out = try await publisher.open()
            async let sent: Void = {
                try await out.write(bytes)
                try await out.finish()
            }()
            let segment = try #require(try await subscriber.next())
            let whole = try await segment.collect(upTo: 6 << 20)
            #expect(whole == bytes)
            try await sent
        }
    }

    @Test(arguments: Way.allCases) func whatIsNotThereIsSaid(way: Way) async throws {
        try await paired(way, { $0.autocreate = false }) { door, publisher, subscriber in
            door.table.close("c")
            await #expect(throws: TrickleFailure.noSuchChannel) { try await subscriber.next() }
            await #expect(throws: TrickleFailure.noSuchChannel) { try await send("x", by: publisher) }
        }
    }

    @Test(arguments: Way.allCases) func aWaitingSubscriberIsCancelled(way: Way) async throws {
        try await paired(way) { door, _, subscriber in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await subscriber.next() }
                try await door.readers(1, of: "c")
                group.cancelAll()
            }
        }
    }

    @Test func aServerThatIsNotThereIsNamed() async throws {
        let url = try TrickleURL("http://127.0.0.1:1/ai/trickle/c")
        try await TrickleHTTPPublisher.writing(url, group: Self.group) { (publisher) -> Void in
            await #expect(throws: TrickleFailure.self) { _ = try await publisher.open() }
        }
    }

    @Test(arguments: ["", "c", "ftp://h/c", "http://", "http://h", "http://h/", "http:///c"]) func whatIsNoURL(text: String) {
        #expect(throws: TrickleFailure.self) { try TrickleURL(text) }
    }
}
