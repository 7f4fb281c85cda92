import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct RouterPolicyTests {
    /// A policy and the moments at which it asks or wants to be woken.
    private struct Bench {
        let id = OrchestratorID("a")
        var policy = RouterPolicy(seed: 1)
        var actions: [PolicyAction] = []

        init() { policy.start([id], at: moment(0), actions: &actions) }

        mutating func wake(at seconds: Double, _ segment: SegmentKey? = nil) {
            actions = []
            policy.wake(segment, at: moment(seconds), actions: &actions)
        }

        mutating func answer(_ entry: OrchestratorEntry?, at seconds: Double) {
            actions = []
            policy.answered(id, entry, roundTrip: 0.02, at: moment(seconds), actions: &actions)
        }

        /// Its first segment, of two seconds.
        mutating func cut(at seconds: Double) -> SegmentKey? {
            guard let stream = StreamID("cam") else { return nil }
            policy.cut(
                SegmentFacts(
                    stream: stream, sequence: SegmentSequence(0), duration: 2, byteCount: 500_000, outputPixelRate: 10_000_000,
                    renditions: 2, cut: moment(seconds)),
                at: moment(seconds), actions: &actions)
            return SegmentKey(stream: stream, sequence: SegmentSequence(0))
        }

        var isReachable: Bool { policy.router.picture(at: moment(0)).first?.entry.isReachable == true }
        var asks: Bool { actions.contains { if case .ask = $0 { true } else { false } } }
        var wakes: [Double] { actions.compactMap { if case .wake(let at) = $0 { at.seconds } else { nil } } }
        var aborts: Bool { actions.contains { if case .dispatch(_, .abort) = $0 { true } else { false } } }
    }

    private let entry = OrchestratorEntry(id: OrchestratorID("a"), capabilities: CapabilitySet(Capability.allCases))

    @Test func oneThatIsWellIsAskedEveryTenSeconds() {
        var bench = Bench()
        #expect(bench.asks && bench.wakes == [2.5])
        bench.answer(entry, at: 0.5)
        #expect(bench.isReachable && bench.wakes == [10.5])
        bench.wake(at: 10.5)
        #expect(bench.asks)
    }

    @Test func oneThatIsSilentIsAskedAgainSoonAndThenLessOften() {
        var bench = Bench()
        bench.answer(entry, at: 0)
        bench.wake(at: 10)
        var now = 10.0
        for pause in [0.5, 1, 2, 4, 5, 5] {
            now += 2.5
            bench.wake(at: now)
            #expect(!bench.isReachable && bench.wakes == [now + pause])
            now += pause
            bench.wake(at: now)
            #expect(bench.asks)
        }
        bench.answer(entry, at: now + 1)
        #expect(bench.isReachable && bench.wakes == [now + 11])
    }

    @Test func anAnswerThatComesTooLateIsNotHeard() {
        var bench = Bench()
        bench.wake(at: 2.5)
        bench.answer(entry, at: 2.6)
        #expect(bench.actions.isEmpty && !bench.isReachable)
    }

    @Test func withoutTheEarlyAnswerAnAttemptFailsAfterEightSeconds() throws {
        var bench = Bench()
        bench.answer(entry, at: 0)
        let cut = bench.cut(at: 1)
        let segment = try #require(cut)
        bench.wake(at: 8.9, segment)
        #expect(!bench.aborts)
        bench.wake(at: 9, segment)
        #expect(bench.aborts)
    }

    @Test func aResultSaysThatItCanBeReached() throws {
        var bench = Bench()
        bench.answer(entry, at: 0)
        let cut = bench.cut(at: 1)
        let segment = try #require(cut)
        bench.answer(nil, at: 1.1)
        bench.wake(at: 10)
        bench.wake(at: 12.5)
        #expect(!bench.isReachable)
        bench.policy.happened(.accepted, attempt: AttemptID(0), of: segment, at: moment(12.6), actions: &bench.actions)
        #expect(!bench.isReachable)
        bench.policy.happened(.transcoded, attempt: AttemptID(0), of: segment, at: moment(12.7), actions: &bench.actions)
        #expect(bench.isReachable)
    }
}

private func moment(_ seconds: Double) -> Moment { Moment(seconds: seconds) }
