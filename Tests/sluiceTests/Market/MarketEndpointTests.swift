import Foundation
import HTTPTypes
import NIOCore
import SluiceMarket
import SluiceNetwork
import SluiceRegistry
import SluiceRouting
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

@Suite(.timeLimit(.minutes(1))) struct MarketEndpointTests {
    private struct Offers: Decodable {
        struct One: Decodable {
            var orchestrator: String
            var region: String?
            var sources: [String]
        }

        var version: UInt64
        var offers: [One]
    }

    @Test func offersAreListedOnceForEachVersion() async throws {
        try await MarketBench.serving([MarketBench.entry("one"), MarketBench.entry("two")]) { bench in
            let first = try await bench.ask(.get, "/marketplace/offers")
            let tag = try #require(first.headers[.eTag])
            let list = try first.decoded(Offers.self)
            #expect(list.offers.map(\.orchestrator) == ["https://one:8935", "https://two:8935"])
            #expect(list.offers.first?.sources == ["configured", "declared"] && list.offers.first?.region == "eu")
            #expect(try await bench.ask(.get, "/marketplace/offers", headers: [.ifNoneMatch: tag]).status == 304)
            bench.directory.list.withLock { $0[0].price = Price(pricePerUnit: 7, pixelsPerUnit: 1) }
            bench.market.lookAround()
            #expect(try await bench.ask(.get, "/marketplace/offers", headers: [.ifNoneMatch: tag]).status == 200)
        }
    }

    @Test func aChangeIsToldToWhoListensAndWhoMissedItIsToldLater() async throws {
        try await MarketBench.serving([MarketBench.entry("one")]) { bench in
            let head = HTTPRequest(
                method: .get, scheme: "http", authority: "127.0.0.1", path: "/marketplace/offers",
                headerFields: [.accept: "text/event-stream"])
            let version = bench.market.version
            let text = try await bench.connection.exchange(head) { answer, body in
                #expect(answer.headerFields[.contentType] == "text/event-stream")
                var text = ""
                while let piece = try await body.next() {
                    if text.isEmpty {
                        bench.directory.list.withLock { $0[0].price = Price(pricePerUnit: 7, pixelsPerUnit: 1) }
                        bench.market.lookAround()
                    }
                    text += String(buffer: piece)
                    if text.contains("event: changed") { break }
                }
                return text
            }
            #expect(text.hasPrefix("id: \(version)\nevent: reset\n") && text.contains("id: \(version + 1)\nevent: changed\ndata: {"))
            #expect(text.contains(#""wei":7,"#))

            let feed = bench.market.feed
            func first(after seen: UInt64?) async -> String? {
                var pieces = feed.subscribe(after: seen, version: bench.market.version)?.makeAsyncIterator()
                return await pieces?.next().map { String(buffer: $0) }
            }
            #expect(await first(after: version)?.hasPrefix("id: \(version + 1)\nevent: changed") == true)
            #expect(await first(after: version + 1)?.hasPrefix(": nothing") == true)
            #expect(await first(after: 999)?.contains("event: reset") == true)
        }
    }

    @Test func whoDoesNotReadIsLetGo() async throws {
        let feed = ChangeFeed()
        let pieces = try #require(feed.subscribe(after: nil, version: 0))
        for _ in 0..<400 { feed.keepAlive() }
        #expect(feed.subscribers == 0)
        var count = 0
        for await _ in pieces { count += 1 }
        #expect(count == 256)
    }

    @Test func aQuoteIsGivenHonouredAndRefusedAfterItsTime() async throws {
        let acme = TenantSettings(
            name: "acme", prefixes: ["ac-"], keys: [],
            serviceLevel: try ServiceLevelChange(json: Data(#"{"maxPricePerPixelWei": 150}"#.utf8)))
        let entries = [MarketBench.entry("one"), MarketBench.entry("two", wei: 120), MarketBench.entry("dear", wei: 500)]
        try await MarketBench.serving(entries, tenants: [acme]) { bench in
            let body = #"{"profiles": "P360p30fps16x9", "durationSeconds": 60, "tenant": "acme", "latency": "60%"}"#
            let quote = try await bench.ask(.post, "/marketplace/quote", body).decoded(QuoteReport.self)
            #expect(quote.candidates.map(\.orchestrator) == ["https://one:8935", "https://two:8935"])
            #expect(quote.ceilingWei == 150 && quote.obstacles == ["price": 1] && quote.cheapestAboveCeilingWei == 500)
            // 640 × 360 × 30 × 60 s × 1.02 at 100 wei.
            #expect(quote.candidates.first?.totalWei == (640 * 360 * 30 * 60 * 1.02 * 100).rounded(.up))
            let id = try #require(quote.quote)
            let until = try #require(quote.validUntil)
            #expect(try await bench.ask(.get, "/marketplace/quote?id=\(id)").decoded(QuoteReport.self).quote == id)
            #expect(try await bench.ask(.get, "/marketplace/quote?id=other").status == 404)

            let stream = try #require(StreamID("ac-cam"))
            bench.levels.opened(stream, tenant: "acme", .none)
            #expect(try await bench.ask(.post, "/marketplace/quote/accept?id=\(id)&stream=ac-cam").status == 200)
            #expect(bench.levels.level(of: stream).maxPrice == 120)
            #expect(try await bench.ask(.post, "/marketplace/quote/accept?id=\(id)&stream=a/b").status == 400)
            #expect(throws: Market.AcceptProblem.self) { try bench.market.accept(id, for: "ac-cam", at: until + 1) }
        }
    }

    @Test(arguments: [
        (#"{"#, "no JSON object"), (#"[]"#, "no JSON object"), (#"{"profile": "P360p30fps16x9"}"#, "did you mean 'profiles'"),
        (#"{}"#, "how much work"), (#"{"profiles": "P9000p"}"#, "P9000p"), (#"{"unitsPerSecond": -5}"#, "unitsPerSecond"),
        (#"{"unitsPerSecond": true}"#, "unitsPerSecond"), (#"{"unitsPerSecond": 1, "durationSeconds": "long"}"#, "durationSeconds"),
        (#"{"unitsPerSecond": 1, "latency": "soon"}"#, "latency"), (#"{"unitsPerSecond": 1, "codecs": ["mpeg2"]}"#, "codecs"),
        (#"{"unitsPerSecond": 1, "limit": 1000}"#, "limit"), (#"{"unitsPerSecond": 1, "limit": 1.5}"#, "limit"),
        (#"{"unitsPerSecond": 1, "region": null}"#, "region"),
        (#"{"unitsPerSecond": 1, "whatIf": 3}"#, "whatIf"), (#"{"unitsPerSecond": 1, "whatIf": {"prices": {"a": -1}}}"#, "'a' is '-1'"),
    ])
    func aQuestionThatIsWrongIsToldWhatIsRight(body: String, part: String) async throws {
        try await MarketBench.serving([MarketBench.entry("one")]) { bench in
            let answer = try await bench.ask(.post, "/marketplace/quote", body)
            #expect(answer.status == 400 && answer.text.contains(part), "\(answer)")
        }
    }

    @Test func whatIfIsAnsweredAndNotHonoured() async throws {
        try await MarketBench.serving([MarketBench.entry("one"), MarketBench.entry("two", wei: 120)]) { bench in
            let body = #"{"unitsPerSecond": 1000, "whatIf": {"without": ["https://one:8935"], "prices": {"https://two:8935": 5}}}"#
            let quote = try await bench.ask(.post, "/marketplace/quote", body).decoded(QuoteReport.self)
            #expect(quote.isWhatIf && quote.quote == nil)
            #expect(quote.candidates.map(\.orchestrator) == ["https://two:8935"] && quote.candidates.first?.weiPerUnit == 5)
        }
    }

    @Test func whatIsNotThereIsSaid() async throws {
        try await MarketBench.serving([MarketBench.entry("one")], flags: ["leaderboard": "off"]) { (bench: MarketBench) async throws in
            #expect(try await bench.ask(.get, "/marketplace/usage").status == 404)
            #expect(try await bench.ask(.get, "/marketplace/usage?from=yesterday").status == 400)
            #expect(try await bench.ask(.get, "/marketplace/usage?group=colour").text.contains("colour"))
            #expect(try await bench.ask(.get, "/marketplace/leaderboard").status == 404)
            #expect(try await bench.ask(.get, "/marketplace/prices").status == 400)
            #expect(try await bench.ask(.post, "/marketplace/quote", #"{"unitsPerSecond": 1, "tenant": "nobody"}"#).status == 404)
            #expect(try await bench.ask(.delete, "/marketplace/offers").status == 405)
            #expect(try await bench.ask(.get, "/marketplace/nothing").status == 404)
            #expect(try await bench.ask(.get, "/openapi.json").text.contains("\"openapi\" : \"3.1.0\""))
            #expect(try await bench.ask(.get, "/marketplace/services").decoded(ServicesReport.self).capabilities.map(\.offers) == [1])
        }
    }
}
