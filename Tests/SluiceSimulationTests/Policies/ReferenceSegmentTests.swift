import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

/// specs/selection-and-reliability A1, A8, A9: the way of one segment through the reference.
@Suite struct ReferenceSegmentTests {
    @Test func a8AGoodSegmentIsServedWhenAllItsRenditionsAreDown() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.advance(by: 0.2)
        bench.happen(.transcoded, 0)
        bench.happen(.firstByte, 0)
        bench.happen(.rendition(place: 1), 0)
        bench.happen(.rendition(place: 0), 0)
        #expect(bench.ended.isEmpty)
        bench.happen(.finished, 0)
        #expect(bench.isServed(0))
        #expect(bench.sent == [.init(sequence: 0, attempt: 0, to: "o0", role: .primary, at: 1)])
    }

    // MARK: Clocks

    @Test(arguments: [(0.5, 2.0), (2.0, 2.0), (4.0, 2.0), (6.0, 3.0)])
    func a1TheUploadHasTwoSecondsOrHalfTheDuration(duration: Double, limit: Double) {
        var bench = ReferenceBench.ready(orchestrators: 2, duration: duration)
        bench.cut(0)
        bench.advance(by: limit - 0.001)
        #expect(bench.sent.count == 1)
        bench.advance(by: 0.001)
        #expect(bench.aborted == [0])
        #expect(bench.sent.last == .init(sequence: 0, attempt: 1, to: "o1", role: .retry, at: 1 + limit))
    }

    @Test(arguments: [(0.5, 8.0), (2.0, 8.0), (3.0, 12.0)])
    func a1TheAnswerHasEightSecondsOrFourDurations(duration: Double, limit: Double) {
        var bench = ReferenceBench.ready(orchestrators: 2, duration: duration)
        bench.cut(0)
        bench.advance(by: 0.1)
        bench.happen(.accepted, 0)
        bench.advance(to: 1 + limit - 0.001)
        #expect(bench.sent.count == 1)
        bench.advance(to: 1 + limit)
        #expect(bench.aborted == [0])
        #expect(bench.sent.count == 2)
    }

    @Test func a1TheDownloadHasFourSeconds() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.advance(by: 7)
        bench.happen(.transcoded, 0)
        bench.happen(.rendition(place: 0), 0)
        bench.advance(by: 3.999)
        #expect(bench.sent.count == 1)
        bench.advance(by: 0.001)
        #expect(bench.aborted == [0])
        // The whole segment again, from the upload.
        #expect(bench.targets == ["o0", "o1"])
    }

    @Test func a9ASilentPoolCostsAllItsClocksInARow() {
        var bench = ReferenceBench.ready(orchestrators: 3)
        bench.cut(0)
        for attempt in 0..<3 {
            bench.happen(.accepted, 0, attempt: attempt)
            bench.advance(by: 8)
        }
        #expect(bench.seconds == 25)
        #expect(bench.failure(of: 0)?.reason == .timedOut)
    }

    // MARK: Attempts

    @Test func a9ThreeAttemptsOneAfterAnotherAndThenTheSegmentIsLost() {
        var bench = ReferenceBench.ready(orchestrators: 5)
        bench.cut(0)
        for attempt in 0..<3 {
            #expect(bench.sent.count == attempt + 1)
            bench.fail(0, attempt: attempt)
        }
        #expect(bench.targets == ["o0", "o1", "o2"])
        #expect(bench.failure(of: 0)?.reason == .unreachable)
    }

    @Test(arguments: [SegmentFailure.Reason.unreachable, .timedOut, .busy, .sessionRefused, .refused, .transcodeFailed])
    func a9AFailureSuspendsAndDropsTheSession(reason: SegmentFailure.Reason) {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.fail(0, reason)
        #expect(bench.policy.streams[0].pools[0].penalty(of: 0) == 1)
        bench.serve(0, attempt: 1)
        bench.advance(to: 3)
        bench.cut(1)
        #expect(bench.targets == ["o0", "o1", "o1"])
    }

    @Test func a9MediaThatIsUnusableEndsTheSegmentAndKeepsTheSession() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.serve(0)
        bench.advance(to: 3)
        bench.cut(1)
        bench.fail(1, .mediaUnusable)
        #expect(bench.failure(of: 1)?.reason == .mediaUnusable)
        bench.cut(2)
        #expect(bench.targets == ["o0", "o0", "o0"])
        #expect(bench.policy.streams[0].pools[0].penalty(of: 0) == 0)
    }

    @Test func a9AFailedVerificationDropsTheSessionWithoutSuspension() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.happen(.transcoded, 0)
        bench.fail(0, .protocolViolation)
        #expect(bench.targets == ["o0", "o1"])
        #expect(bench.policy.streams[0].pools[0].penalty(of: 0) == 0)
    }

    @Test func a9AFailedDownloadSuspendsAndSendsTheWholeSegmentAgain() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.happen(.transcoded, 0)
        bench.happen(.rendition(place: 0), 0)
        bench.fail(0, .protocolViolation)
        #expect(bench.targets == ["o0", "o1"])
        #expect(bench.policy.streams[0].pools[0].penalty(of: 0) == 1)
    }

    @Test func a9WithoutASessionTheSegmentIsGivenUpAtOnce() {
        var bench = ReferenceBench.ready(orchestrators: 1)
        bench.cut(0)
        bench.fail(0)
        #expect(bench.sent.count == 1)
        #expect(bench.failure(of: 0) != nil)
    }

    @Test func a9ALateResultIsStillPublished() {
        var bench = ReferenceBench.ready(orchestrators: 2)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.advance(by: 7.9)
        bench.happen(.transcoded, 0)
        bench.advance(by: 3.9)
        bench.happen(.finished, 0)
        #expect(bench.isServed(0))
    }

    @Test func a9AnotherSegmentOfADroppedSessionGoesOn() {
        var bench = ReferenceBench.ready(orchestrators: 3)
        bench.cut(0)
        bench.happen(.accepted, 0)
        bench.advance(by: 1)
        bench.cut(1)
        bench.fail(0)
        bench.serve(1)
        #expect(bench.isServed(1))
        bench.serve(0, attempt: 1)
        bench.cut(2)
        #expect(bench.targets == ["o0", "o0", "o1", "o1"])
    }

    // MARK: Tokens

    @Test func a8TheTokenIsRefreshedInFrontOfASegmentAfter27Minutes() {
        var bench = ReferenceBench.ready(orchestrators: 3)
        bench.cut(0)
        bench.serve(0)
        bench.advance(to: 1619)
        bench.cut(1)
        bench.serve(1)
        #expect(bench.asked.isEmpty)
        bench.advance(to: 1621)
        bench.cut(2)
        #expect(bench.asked == [OrchestratorID("o0")])
        #expect(bench.sent.count == 2)
        bench.advance(by: 0.05)
        bench.answer(0)
        // A new token is a new session there.
        #expect(bench.sent.last?.at == 1621.05)
        #expect(bench.renewed == [OrchestratorID("o0")])
        bench.serve(2)
        bench.advance(to: 1700)
        bench.cut(3)
        #expect(bench.targets == ["o0", "o0", "o0", "o0"])
        #expect(bench.renewed.count == 1)
    }

    @Test func a8ARefreshThatIsNotAnsweredCosts2500MillisecondsAndTheSession() {
        var bench = ReferenceBench.ready(orchestrators: 3)
        bench.cut(0)
        bench.serve(0)
        bench.advance(to: 1700)
        bench.cut(1)
        bench.advance(to: 1702.499)
        #expect(bench.sent.count == 1)
        bench.advance(to: 1702.5)
        // The next session's token is as old, and is refreshed as well.
        #expect(bench.asked.map(\.rawValue) == ["o0", "o1"])
        bench.answer(1)
        #expect(bench.targets == ["o0", "o1"])
        #expect(bench.aborted == [])
    }

    @Test func a8AFullOrchestratorRefusesTheRefreshOfItsOwnClient() {
        var bench = ReferenceBench.ready(orchestrators: 3)
        bench.cut(0)
        bench.serve(0)
        bench.advance(to: 1700)
        bench.cut(1)
        bench.advance(by: 0.02)
        bench.answer(0, good: false)
        bench.answer(1)
        #expect(bench.targets == ["o0", "o1"])
        #expect(bench.policy.streams[0].pools[0].penalty(of: 0) == 1)
    }

    @Test func a8ASessionFoundAgainAfterAFailureIsANewOneThere() {
        var bench = ReferenceBench.ready(orchestrators: 1)
        bench.cut(0)
        bench.fail(0)
        // Its round, begun as the selector ran dry, finds it again.
        bench.answerAll()
        bench.cut(1)
        #expect(bench.targets == ["o0", "o0"])
        #expect(bench.renewed == [OrchestratorID("o0")])
    }
}
