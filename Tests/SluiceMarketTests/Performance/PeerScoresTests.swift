import SluiceTypes
import Testing

@testable import SluiceMarket

@Suite struct PeerScoresTests {
    private let key = Offer.Key(OrchestratorID("one"), "transcode")

    private func told(_ score: Double) throws -> [PeerScores.Told] { [try #require(PeerScores.Told(key: key, score: score))] }

    private func adjusted(_ peers: PeerScores, samples: Double = 0, at now: Int64 = 100) -> Double {
        peers.adjusted(0.7, of: key, samples: samples, halfSure: 20, at: now)
    }

    @Test func hearsayMovesWhatIsNotKnownAndLittleOfWhatIs() throws {
        var peers = PeerScores()
        #expect(adjusted(peers) == 0.7)
        peers.take(try told(0.6), from: "a", trust: 1, asOf: 90)
        #expect(abs(adjusted(peers) - 0.6) < 1e-9)
        #expect(abs(adjusted(peers, samples: 20) - 0.65) < 1e-9)
        #expect(adjusted(peers, at: 90 + PeerScores.longestAge + 1) == 0.7)
    }

    @Test func oneWhoLiesMovesLittleAndNothingAmongHonestOnes() throws {
        var peers = PeerScores()
        peers.take(try told(0), from: "liar", trust: 1, asOf: 90)
        #expect(abs(adjusted(peers) - 0.55) < 1e-9)
        peers.take(try told(0.7), from: "b", trust: 1, asOf: 90)
        peers.take(try told(0.7), from: "c", trust: 1, asOf: 90)
        #expect(adjusted(peers) == 0.7)
        #expect(PeerScores.Told(key: key, score: 17) == nil && PeerScores.Told(key: key, score: .nan) == nil)
    }

    @Test func anOldReportIsNotTakenAgainAndTrustCounts() throws {
        var peers = PeerScores()
        let first = peers.take(try told(0.65), from: "a", trust: 0.5, asOf: 90)
        let again = peers.take(try told(0.1), from: "a", trust: 0.5, asOf: 90)
        #expect(first && !again)
        #expect(abs(adjusted(peers) - 0.675) < 1e-9)
        for number in 0..<100 { peers.take(try told(0.7), from: "\(number)", trust: 0, asOf: 95) }
        #expect(abs(adjusted(peers) - 0.675) < 1e-9)
    }
}
