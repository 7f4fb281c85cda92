import SluiceRouting
import SluiceTypes
import Testing

@Suite struct SegmentDispatchTests {
    private let start = ContinuousClock.now
    private let first = OrchestratorID("first")
    private let second = OrchestratorID("second")
    private let fault = SegmentFailure(.unreachable, "connection refused")

    private func dispatch(_ candidates: [OrchestratorID], attempts: Int = 3) -> SegmentDispatch {
        SegmentDispatch(candidates: candidates, cut: start, settings: .init(deadline: .seconds(8), attempts: attempts))
    }

    @Test func aSilentOneGetsHalfOfWhatIsLeftAndTheLastAllOfIt() {
        var machine = dispatch([first, second], attempts: 2)
        #expect(machine.start(at: start) == .submit(to: first, after: .zero, until: start + .seconds(4)))
        let later = start + .seconds(4)
        #expect(
            machine.failed(SegmentFailure(.timedOut, "silent"), at: later) == .submit(to: second, after: .zero, until: start + .seconds(8)))
    }

    @Test func theOnlyOrchestratorIsAskedAgainAfterAPause() {
        var machine = dispatch([first])
        _ = machine.start(at: start)
        guard case .submit(let id, let pause, _) = machine.failed(fault, at: start + .milliseconds(5)) else {
            Issue.record("gave up with time and attempts left")
            return
        }
        #expect(id == first)
        #expect(pause == .milliseconds(200))
    }

    @Test func unusableMediaIsNotSentElsewhere() {
        var machine = dispatch([first, second])
        _ = machine.start(at: start)
        let hopeless = SegmentFailure(.mediaUnusable, "TranscoderInvalidVideo")
        #expect(machine.failed(hopeless, at: start) == .giveUp(hopeless))
    }

    @Test func givesUpWithTheLastReasonWhenAttemptsOrTimeAreSpent() {
        var machine = dispatch([first, second], attempts: 2)
        _ = machine.start(at: start)
        _ = machine.failed(fault, at: start)
        #expect(machine.failed(fault, at: start) == .giveUp(fault))

        var late = dispatch([first, second])
        _ = late.start(at: start)
        #expect(late.failed(fault, at: start + .seconds(8)) == .giveUp(fault))
    }

    @Test func withoutCandidatesItSaysSo() {
        var machine = dispatch([])
        guard case .giveUp(let failure) = machine.start(at: start) else {
            Issue.record("submitted to nobody")
            return
        }
        #expect(failure.reason == .unreachable)
    }
}
