import NIOCore
import SluiceMarket
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

/// Nobody waits for the next look around.
@Suite(.timeLimit(.minutes(1))) struct ChangeAtOnceTests {
    @Test func everySubscriberIsToldOfAChangeAmongManyOffers() async throws {
        let entries = (0..<2000).map { MarketBench.entry("o\($0)") }
        try await MarketBench.serving(entries) { bench in
            let feeds = try (0..<50).map { _ in try #require(bench.market.feed.subscribe(after: nil, version: bench.market.version)) }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await bench.market.follow() }
                defer { group.cancelAll() }
                bench.directory.put(MarketBench.entry("o1234", wei: 777))
                for feed in feeds {
                    var seen = ""
                    for await piece in feed {
                        seen += String(buffer: piece)
                        if seen.contains("event: changed") { break }
                    }
                    #expect(seen.contains("https://o1234:8935") && seen.contains(#""wei":777"#))
                }
            }
        }
    }

    @Test func whoComesAndGoesIsToldToo() async throws {
        try await MarketBench.serving([MarketBench.entry("one")]) { bench in
            let feed = try #require(bench.market.feed.subscribe(after: nil, version: bench.market.version))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await bench.market.follow() }
                defer { group.cancelAll() }
                bench.directory.put(MarketBench.entry("two"))
                for await piece in feed where String(buffer: piece).contains("event: added") { break }
                #expect(bench.market.state.withLock { $0.catalog.count } == 2)
            }
            bench.directory.list.withLock { $0.removeAll { $0.id.rawValue.contains("two") } }
            bench.market.look(at: OrchestratorID("https://two:8935"))
            #expect(bench.market.state.withLock { $0.catalog.count } == 1)
        }
    }
}
