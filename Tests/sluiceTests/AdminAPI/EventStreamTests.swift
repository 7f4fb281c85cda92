import Foundation
import HTTPTypes
import NIOCore
import Testing

@testable import sluice

@Suite(.serialized, .timeLimit(.minutes(2))) struct EventStreamTests {
    @Test func whatHappensIsToldAsItHappens() async throws {
        try await RunningDesk.serving("profiles: P144p30fps16x9\n") { desk in
            async let heard = desk.events("?overview=on") {
                $0.contains("event: decision") && $0.contains("event: change") && $0.contains("event: overview")
            }
            #expect(try await desk.push("cam") == 200)
            #expect(try await desk.ask(.patch, "/api/v1/sla", #"{"latency": "70%"}"#).status == 200)
            let text = try await heard
            #expect(text.hasPrefix("retry: 1000\n\n"))
            #expect(text.contains("event: stream-started\ndata: {") && text.contains(#""stream":"cam""#))
            #expect(text.contains("changed what is promised to the node: latency = 70%"), "\(text)")
            // Who comes back with the last id gets what came after it.
            let id = try #require(text.split(separator: "\n").first { $0.hasPrefix("id: ") }?.dropFirst(4))
            let later = try await desk.events("?types=decision", [HTTPField.Name.lastEventID: String(id)]) {
                $0.contains("event: decision")
            }
            #expect(!later.contains("stream-started") && later.contains("embedded"))
        }
    }

    @Test func whoComesBackMissesNothingAndWhoIsSlowIsToldWhatHeMissed() async throws {
        let feed = EventFeed()
        for number in 0..<300 { feed.publish(.change, ["number": number]) }
        let listening = try #require(feed.listen(after: nil, wantsOverview: false))
        for number in 300..<302 { feed.publish(.change, ["number": number]) }
        feed.close()
        var numbers: [Int] = []
        var ids: [String] = []
        for await _ in listening.news {
            for case .event(let event) in listening.take() {
                numbers.append(event.number)
                ids.append(String(String(buffer: event.frame).split(separator: "\n")[0].dropFirst(4)))
            }
        }
        #expect(numbers == Array(45...302), "the last \(EventFeed.kept) and what came since")
        #expect(feed.listen(after: ids.last, wantsOverview: false) == nil, "closed")
    }

    @Test func anOverviewIsMadeOnlyForThoseWhoWantIt() async throws {
        let feed = EventFeed()
        var made = 0
        let plain = try #require(feed.listen(after: nil, wantsOverview: false))
        feed.tick {
            made += 1; return .init(string: "x")
        }
        #expect(made == 0)
        let wanting = try #require(feed.listen(after: nil, wantsOverview: true))
        feed.tick {
            made += 1; return .init(string: "x")
        }
        #expect(made == 1)
        feed.leave(wanting)
        feed.tick {
            made += 1; return .init(string: "x")
        }
        #expect(made == 1 && feed.listeners == 1)
        feed.leave(plain)
        var ticks = 0
        for await _ in plain.news { for case .tick in plain.take() { ticks += 1 } }
        #expect(ticks == 1, "he is owed no more than one")
    }

    @Test func whoTakesNothingForADayIsOwedALittle() async throws {
        let feed = EventFeed()
        let listening = try #require(feed.listen(after: nil, wantsOverview: true))
        for second in 0..<86_400 {
            feed.publish(.change, ["at": second])
            feed.tick { ByteBuffer(string: "\(second)") }
        }
        let items = listening.take()
        let events = items.compactMap { if case .event(let event) = $0 { event.number } else { nil } }
        let overviews = items.compactMap { if case .overview(let frame) = $0 { String(buffer: frame) } else { nil } }
        #expect(events == Array(86_400 - EventListening.mostOwed + 1...86_400) && overviews == ["86399"])
        #expect(items.count == EventListening.mostOwed + 1 && listening.take().isEmpty)
        feed.leave(listening)
        for await _ in listening.news {}
        #expect(feed.listeners == 0, "and his listening ends")
    }

    @Test func whoWentWithoutAWordIsForgotten() async throws {
        try await RunningDesk.serving("profiles: none\n") { desk in
            // Breaks off in the middle, as a browser that is closed; again and again there is room for the next.
            for _ in 0..<EventFeed.mostListeners + 8 {
                let text = try await desk.events("?overview=on") { $0.contains("retry: 1000") }
                #expect(text.contains("retry"))
            }
            try await soon("all have left") { try await desk.get("/metrics").text.contains("sluice_event_listeners 0\n") }
        }
    }

    @Test func listenersAreCounted() throws {
        let feed = EventFeed()
        let all = (0..<EventFeed.mostListeners).compactMap { _ in feed.listen(after: nil, wantsOverview: false) }
        #expect(all.count == EventFeed.mostListeners && feed.listen(after: nil, wantsOverview: false) == nil)
        feed.leave(all[0])
        #expect(feed.listen(after: nil, wantsOverview: false) != nil)
    }
}
