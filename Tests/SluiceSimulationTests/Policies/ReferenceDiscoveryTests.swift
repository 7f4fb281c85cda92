import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

/// specs/selection-and-reliability A2, A3 and A4: how a stream of the reference finds orchestrators.
@Suite struct ReferenceDiscoveryTests {
    private func trusting(_ trust: ReferenceSettings.Trust) -> ReferenceSettings {
        var settings = ReferenceSettings()
        settings.trust = trust
        return settings
    }

    @Test func a3EverybodyIsAskedAtOnce() {
        var bench = ReferenceBench(orchestrators: 3)
        bench.open()
        #expect(bench.asked == bench.ids)
    }

    @Test func a3TheRoundEndsWhenEverybodyHasAnswered() {
        var bench = ReferenceBench(orchestrators: 3)
        bench.open()
        bench.cut(0)
        bench.advance(to: 0.1)
        bench.answer(2)
        bench.answer(1, good: false)
        #expect(bench.sent.isEmpty)
        bench.answer(0)
        #expect(bench.targets == ["o2"])
        #expect(bench.sent[0].at == 0.1)
    }

    @Test func a3EnoughGoodAnswersEndTheRound() {
        // The trusted pool wants eight of the ten.
        var bench = ReferenceBench(orchestrators: 10, settings: trusting(.everybody))
        bench.open()
        bench.cut(0)
        for orchestrator in 0..<8 {
            #expect(bench.sent.isEmpty)
            bench.advance(by: 0.01)
            bench.answer(orchestrator)
        }
        #expect(bench.targets == ["o0"])
    }

    @Test func a3WithoutAnAnswerFromEachTheTicksDecide() {
        var bench = ReferenceBench(orchestrators: 3)
        bench.open()
        bench.cut(0)
        bench.advance(to: 0.02)
        bench.answer(1)
        bench.advance(to: 0.499)
        #expect(bench.sent.isEmpty)
        bench.advance(to: 0.5)
        #expect(bench.targets == ["o1"])
    }

    @Test(arguments: [(0.6, 1.0), (1.1, 2.0), (2.1, 4.0), (4.1, 6.0)])
    func a3AnAnswerBetweenTicksIsUsedAtTheNext(answered: Double, used: Double) {
        var bench = ReferenceBench(orchestrators: 2)
        bench.open()
        bench.cut(0)
        bench.advance(to: answered)
        bench.answer(1)
        bench.advance(to: 7)
        #expect(bench.sent.first?.at == used)
    }

    @Test func a3AfterSixSecondsTheRoundIsOverWithNothing() {
        var bench = ReferenceBench(orchestrators: 2)
        bench.open()
        bench.cut(0)
        bench.advance(to: 5.999)
        #expect(bench.ended.isEmpty)
        bench.advance(to: 6)
        #expect(bench.failure(of: 0)?.reason == .unreachable)
        // An answer to the round that is over is thrown away.
        bench.advance(to: 7)
        bench.answer(0)
        #expect(bench.policy.streams[0].pools[0].selector.count == 0)
    }

    @Test func a3AnswersAreSortedByRoundTripAndSuspendedOnesFillUpByPenalty() {
        var round = ReferenceDiscovery(asked: 6, wanted: 4, at: Moment(nanoseconds: 0))
        let answers = [(true, 0.3, 0), (true, 0.1, 0), (true, 0.01, 3), (true, 0.02, 1), (false, 0.01, 0), (true, 0.04, 2)]
        let ends = answers.enumerated().map { place, answer in
            round.answered(place, isGood: answer.0, roundTrip: answer.1, penalty: answer.2)
        }
        #expect(ends == [false, false, false, false, false, true])
        #expect(round.result == [1, 0, 3, 5])
    }

    @Test func a3SuspendedAnswersDoNotEndARoundAtATick() {
        var round = ReferenceDiscovery(asked: 3, wanted: 3, at: Moment(nanoseconds: 0))
        let isOver = round.answered(0, isGood: true, roundTrip: 0.1, penalty: 1)
        #expect(!isOver)
        #expect(!round.tick(isLast: false))
        #expect(round.tick(isLast: true))
    }

    @Test func a3WhoLacksACapabilityDoesNotCount() {
        var bench = ReferenceBench(orchestrators: 2)
        bench.open()
        bench.cut(0)
        bench.answer(0, capabilities: CapabilitySet([.h264]))
        bench.answer(1)
        #expect(bench.targets == ["o1"])
        #expect(bench.policy.streams[0].pools[0].selector.count == 0)
    }

    @Test func a4BothPoolsAreFilledOneAfterTheOtherBeforeTheFirstSegment() {
        let trusted: Set = [OrchestratorID("o0"), OrchestratorID("o1")]
        var bench = ReferenceBench(orchestrators: 4, settings: trusting(.only(trusted)))
        bench.open()
        bench.cut(0)
        #expect(bench.asked.map(\.rawValue) == ["o2", "o3"])
        bench.answer(2)
        bench.answer(3)
        #expect(bench.asked.map(\.rawValue) == ["o0", "o1"])
        #expect(bench.sent.isEmpty)
        bench.answer(0)
        bench.answer(1)
        // Untrusted ones come first.
        #expect(bench.targets == ["o2"])
    }

    @Test func a4TheStartMayTakeTwoWholeRounds() {
        let trusted: Set = [OrchestratorID("o0")]
        var bench = ReferenceBench(orchestrators: 2, settings: trusting(.only(trusted)))
        bench.open()
        bench.cut(0)
        bench.advance(to: 11.999)
        #expect(bench.ended.isEmpty)
        bench.advance(to: 12)
        #expect(bench.failure(of: 0) != nil)
    }

    @Test func a4TheTrustedPoolIsUsedWhenTheOtherHasNothing() {
        let trusted: Set = [OrchestratorID("o0")]
        var bench = ReferenceBench(orchestrators: 2, settings: trusting(.only(trusted)))
        bench.open()
        bench.answer(1, good: false)
        bench.answer(0)
        bench.cut(0)
        #expect(bench.targets == ["o0"])
    }

    @Test(arguments: [(5, 5), (8, 8), (50, 8)])
    func a4TheTrustedPoolWantsAtMostEight(size: Int, wanted: Int) {
        let members = Array(0..<size)
        #expect(ReferenceSessionPool(members: members, areTrusted: true, settings: .init()).wanted == wanted)
        #expect(ReferenceSessionPool(members: members, areTrusted: false, settings: .init()).wanted == size)
    }

    @Test(arguments: [(1, 1), (5, 3), (8, 4), (15, 8), (50, 8)])
    func a4ARefillIsDueBelowHalfOfWhatIsWantedAtMostEight(size: Int, below: Int) {
        #expect(ReferenceSessionPool(members: Array(0..<size), areTrusted: false, settings: .init()).refillBelow == below)
    }

    @Test func a4ARefillRunsInTheBackgroundOneAtATimeAndKeepsWhatThereIs() {
        var bench = ReferenceBench.ready(orchestrators: 4)
        // Below two of four.
        bench.cut(0)
        bench.fail(0)
        bench.fail(0, attempt: 1)
        #expect(bench.asked.isEmpty)
        bench.advance(to: 2)
        bench.serve(0, attempt: 2)
        bench.cut(1)
        #expect(bench.targets.last == "o2")
        #expect(bench.asked == bench.ids)
        bench.advance(to: 4)
        bench.serve(1)
        bench.cut(2)
        #expect(bench.asked.count == 4)
        // The two that failed are new again, the others are kept.
        bench.answerAll()
        #expect(bench.policy.streams[0].pools[0].sessions.map(\.orchestrator) == [0, 1, 2, 3, 0, 1])
    }

    @Test func a4WithOneOrchestratorEverySegmentStartsARound() {
        var bench = ReferenceBench.ready(orchestrators: 1)
        for sequence in 0..<3 {
            bench.advance(to: 2 + Double(sequence) * 2)
            bench.cut(sequence)
            // The first one takes it out of the selector; from then on the selector is empty.
            #expect(bench.asked.count == (sequence == 0 ? 0 : 1))
            bench.answerAll()
            bench.serve(sequence)
            #expect(bench.policy.streams[0].pools[0].sessions.count == 1)
        }
        #expect(bench.targets == ["o0", "o0", "o0"])
    }

    @Test func a12AfterTheEndNobodyIsAsked() {
        var bench = ReferenceBench.ready(orchestrators: 1)
        bench.cut(0)
        bench.close()
        bench.fail(0)
        #expect(bench.asked.isEmpty)
        #expect(bench.failure(of: 0) != nil)
    }
}
