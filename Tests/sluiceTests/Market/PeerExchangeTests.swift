import Foundation
import HTTPTypes
import SluiceMarket
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

@Suite(.timeLimit(.minutes(1))) struct PeerExchangeTests {
    private let secret = "a-secret-that-both-know"

    private func peers(_ secret: String) -> [String: String] {
        ["peers": #"[{"url": "http://127.0.0.1:1", "secret": "\#(secret)", "trust": 1}]"#]
    }

    @Test func whatOneTellsTheOtherHears() async throws {
        let one = OrchestratorID("https://one:8935")
        var text = ""
        var signature: String?
        try await MarketBench.serving([MarketBench.entry("one")], flags: ["peerSecret": secret]) { bench in
            bench.market.state.withLock { state in
                for _ in 0..<200 {
                    state.book.add(
                        WorkOutcome(end: .failed(.timedOut), kind: .primary, duration: 2), of: Offer.Key(one, "transcode"), at: Market.now)
                }
            }
            bench.market.rank()
            let answer = try await bench.ask(.get, "/marketplace/scores")
            text = answer.text
            signature = answer.headers[try #require(HTTPField.Name(SignedScores.signatureField))]
        }
        #expect(text.contains("https://one:8935"))
        try await MarketBench.serving([MarketBench.entry("one")], flags: peers(secret)) { bench in
            let peer = try #require(bench.market.settings.peers.first)
            bench.market.rank()
            let before = try #require(bench.market.state.withLock { $0.ranking.first?.score })
            #expect(throws: Lookup.Refused.self) { try bench.market.take(Data((text + " ").utf8), signature: signature, from: peer) }
            #expect(throws: Lookup.Refused.self) { try bench.market.take(Data(text.utf8), signature: nil, from: peer) }
            bench.market.rank()
            #expect(bench.market.state.withLock { $0.ranking.first?.score } == before)
            try bench.market.take(Data(text.utf8), signature: signature, from: peer)
            bench.market.rank()
            let after = try #require(bench.market.state.withLock { $0.ranking.first?.score })
            #expect(abs(before - after - PeerScores.largestShift) < 1e-9)
        }
    }

    @Test func withoutASecretNobodyIsTold() async throws {
        try await MarketBench.serving([MarketBench.entry("one")]) { (bench: MarketBench) async throws in
            #expect(try await bench.ask(.get, "/marketplace/scores").status == 404)
        }
        #expect(throws: SettingsError.self) { try MarketBench.settings(peers("short")) }
    }
}
