import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceNetwork

/// The transport against orchestrators that behave as told.
@Suite(.timeLimit(.minutes(1))) struct LivepeerTransportTests {
    /// Taken for nothing, such a price would be the cheapest of all.
    @Test(arguments: [(Int64(-5), Int64(1)), (5, 0), (5, -1), (0, -1), (.min, .max)])
    func aPriceThatIsNoneIsNoOffer(_ wei: Int64, _ pixels: Int64) async throws {
        let peer = ScriptedPeer(.good)
        peer.price(wei, forPixels: pixels)
        try await TransportHarness.running(peer) { harness in
            let failure = try #require(try await harness.send().failure)
            #expect(failure.reason == .protocolViolation && failure.detail.contains("wants \(wei) wei for \(pixels) pixels"), "\(failure)")
            #expect(harness.transport.entries.first?.price == nil)
        }
    }

    @Test(arguments: [(Int64(0), Int64(0), nil), (0, 1, 0.0), (3, 2, 1.5), (.max, 1, 9.2e18)])
    func pricesFromNothingToAbsurdAreTaken(_ wei: Int64, _ pixels: Int64, _ price: Double?) async throws {
        let peer = ScriptedPeer(.good)
        peer.price(wei, forPixels: pixels)
        try await TransportHarness.running(peer) { harness in
            try await harness.succeed()
            let told = harness.transport.entries.first?.price?.weiPerPixel
            #expect(told == nil && price == nil || abs((told ?? -1) - (price ?? -2)) <= (price ?? 0) * 0.01)
        }
    }

    @Test func aGoodOneGivesEveryRendition() async throws {
        try await TransportHarness.running(ScriptedPeer(.good)) { harness in
            let outcome = try await harness.send()
            #expect(outcome.complete == [0, 1] && outcome.failure == nil)
            // What came with the result has not taken its place.
            let entry = try #require(harness.transport.entries.first)
            #expect(try #require(entry.roundTrip) > 0)
        }
    }

    @Test(arguments: [
        (ScriptedPeer.Behaviour.garbage, SegmentFailure.Reason.protocolViolation), (.renditions(3), .protocolViolation),
        (.renditions(1), .protocolViolation), (.half, .protocolViolation), (.silent, .timedOut), (.silentAfterItsHead, .timedOut),
        (.failure("OrchestratorBusy"), .busy), (.failure("No keyframes in input"), .mediaUnusable),
        (.refuse(.forbidden, "OrchestratorCapped"), .busy), (.refuse(.serviceUnavailable, "OrchestratorBusy"), .busy),
        (.refuse(.internalServerError, "Internal Server Error"), .refused),
    ])
    func aBadOneIsNamed(_ behaviour: ScriptedPeer.Behaviour, _ reason: SegmentFailure.Reason) async throws {
        let patience = reason == .timedOut ? Duration.milliseconds(200) : .seconds(40)
        try await TransportHarness.running(ScriptedPeer(behaviour), patience: patience) { harness in
            let outcome = try await harness.send()
            #expect(outcome.failure?.reason == reason, "\(String(describing: outcome.failure))")
            #expect(outcome.complete.isEmpty)
        }
    }

    @Test(arguments: [
        (ScriptedPeer.Rendition.half, SegmentFailure.Reason.protocolViolation), (.silent, .timedOut), (.missing, .protocolViolation),
        (.tiny, .protocolViolation),
    ])
    func aRenditionThatDoesNotComeIsNamed(_ rendition: ScriptedPeer.Rendition, _ reason: SegmentFailure.Reason) async throws {
        let peer = ScriptedPeer(.good)
        peer.serve(.whole, rendition)
        let patience = reason == .timedOut ? Duration.milliseconds(200) : .seconds(40)
        try await TransportHarness.running(peer, patience: patience) { harness in
            let outcome = try await harness.send()
            #expect(outcome.failure?.reason == reason, "\(String(describing: outcome.failure))")
            #expect(!outcome.complete.contains(1))
        }
    }

    @Test func oneThatIsSilentDoesNotHoldTheOtherRenditionBack() async throws {
        let peer = ScriptedPeer(.good)
        peer.serve(.silent, .whole)
        try await TransportHarness.running(peer) { harness in
            for try await event in harness.transport.send(try TransportHarness.job(), to: harness.id) {
                guard case .renditionComplete(let index, _) = event else { continue }
                #expect(index == 1)
                break
            }
            await peer.abandoned.wait()
        }
    }

    @Test func whoStopsIteratingIsFeltAtTheOtherEnd() async throws {
        let peer = ScriptedPeer(.silentAfterItsHead)
        try await TransportHarness.running(peer) { harness in
            for try await event in harness.transport.send(try TransportHarness.job(), to: harness.id) {
                guard case .accepted = event else { continue }
                break
            }
            await peer.abandoned.wait()
        }
    }

    @Test func renditionsMayLieElsewhere() async throws {
        let store = ScriptedPeer(.good)
        try await TestServer.serving(store) { elsewhere in
            let peer = ScriptedPeer(.good)
            // Whoever asks the orchestrator itself for them gets nothing.
            peer.serve(.missing)
            peer.store(at: elsewhere.authority)
            try await TransportHarness.running(peer) { harness in
                let outcome = try await harness.send()
                #expect(outcome.complete == [0, 1] && outcome.failure == nil)
            }
        }
    }

    @Test func renditionsMayLieOnPlainHTTP() async throws {
        try await TestServer.serving(ScriptedPeer(.good), tls: false) { elsewhere in
            let peer = ScriptedPeer(.good)
            peer.store(at: elsewhere.authority)
            try await TransportHarness.running(peer) { harness in
                let complete = try await harness.send().complete
                #expect(complete == [0, 1])
            }
        }
    }

    @Test func aRefusedTokenIsRenewedOnce() async throws {
        let peer = ScriptedPeer(.good, .refuse(.forbidden, "invalid auth token"), .good)
        try await TransportHarness.running(peer) { harness in
            for sequence in 0..<3 { try await harness.succeed(sequence) }
            #expect(peer.sessions == ["s1", "s1", "s2", "s2"])
            #expect(peer.tokens == 2)
        }
    }

    @Test func aTokenThatIsRefusedTwiceIsGivenUp() async throws {
        let peer = ScriptedPeer(.refuse(.forbidden, "expired auth token"))
        try await TransportHarness.running(peer) { harness in
            let first = try await harness.send().failure
            #expect(first?.reason == .sessionRefused)
            #expect(peer.sessions == ["s1", "s2"])
            // The next segment begins anew.
            let second = try await harness.send(1).failure
            #expect(second?.reason == .sessionRefused)
            #expect(peer.sessions == ["s1", "s2", "s3", "s4"])
        }
    }

    @Test func theTokenOfAnAnswerIsTheNextSegmentsToken() async throws {
        let peer = ScriptedPeer(.otherToken(77), .good)
        try await TransportHarness.running(peer) { harness in
            for sequence in 0..<2 { try await harness.succeed(sequence) }
            #expect(peer.sessions == ["s1", "s77"])
            await harness.transport.end(try #require(StreamID("stream")))
            #expect(Set(peer.ended) == ["s1", "s77"])
        }
    }

    @Test func eachStreamHasItsSessionAndEndsItsOwn() async throws {
        let peer = ScriptedPeer(.good)
        try await TransportHarness.running(peer) { harness in
            for stream in ["a", "b", "a"] { try await harness.succeed(of: stream) }
            #expect(peer.sessions == ["s1", "s2", "s1"])
            await harness.transport.end(try #require(StreamID("a")))
            #expect(peer.ended == ["s1"])
        }
    }
}
