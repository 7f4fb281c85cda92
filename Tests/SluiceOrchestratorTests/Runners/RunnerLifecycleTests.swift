import SluiceOrchestrator
import SluiceTypes
import Testing

@Suite struct RunnerLifecycleTests {
    /// A runner on a clock that is moved by hand.
    private struct Life {
        var machine: RunnerLifecycle
        var now = ContinuousClock.now

        init(isOurs: Bool = true, _ adjust: (inout RunnerLifecycle.Settings) -> Void = { _ in }) {
            var settings = RunnerLifecycle.Settings()
            settings.jitter = 0
            adjust(&settings)
            machine = RunnerLifecycle(isOurs: isOurs, settings: settings, at: now, seed: 7)
        }

        @discardableResult mutating func tell(_ event: RunnerLifecycle.Event, after time: Duration = .zero) -> [RunnerLifecycle.Action] {
            now += time
            return machine.handle(event, at: now)
        }

        /// Up to its first health check that is well.
        mutating func rise() {
            tell(.begin)
            tell(.prepared)
            tell(.launched)
            tell(.checked(true))
        }

        var pause: Duration? { machine.nextStart.map { now.duration(to: $0) } }
    }

    @Test func oneThatRisesIsFetchedStartedAskedAndShown() {
        var life = Life()
        #expect(life.tell(.begin) == [.prepare] && life.machine.phase == .preparing)
        #expect(life.tell(.prepared, after: .seconds(90)) == [.launch] && life.machine.phase == .starting)
        #expect(life.tell(.launched) == [.check])
        // While a model is loaded it is asked again and again, and nothing is made of it.
        #expect(life.tell(.checked(false), after: .milliseconds(10)).isEmpty)
        #expect(life.tell(.tick, after: .milliseconds(100)).isEmpty)
        #expect(life.tell(.tick, after: .milliseconds(200)) == [.check])
        #expect(life.tell(.tick, after: .seconds(20)).isEmpty, "one check at a time")
        #expect(life.tell(.checked(true)) == [.report(isWell: true)] && life.machine.phase == .healthy)
        #expect(life.tell(.tick, after: .seconds(4)).isEmpty)
        #expect(life.tell(.tick, after: .seconds(1)) == [.check])
    }

    @Test func oneThatFallsIsStartedAgainLaterEachTime() {
        var life = Life()
        life.rise()
        var pauses: [Duration] = []
        for _ in 0..<9 {
            let actions = life.tell(.exited(.code(1)))
            #expect(actions == [.lose, .remove] && life.machine.phase == .backingOff)
            let pause = life.pause ?? .zero
            pauses.append(pause)
            #expect(life.tell(.tick, after: pause - .milliseconds(1)).isEmpty)
            #expect(life.tell(.tick, after: .milliseconds(1)) == [.prepare])
            life.tell(.prepared)
            life.tell(.launched)
            life.tell(.checked(true))
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        #expect(life.machine.restarts == 9 && life.machine.lastFault == "it ended with exit code 1")
    }

    @Test func oneThatWasWellForLongBeginsAnew() {
        var life = Life()
        life.rise()
        life.tell(.exited(.code(1)))
        life.tell(.tick, after: .seconds(1))
        life.tell(.prepared)
        life.tell(.launched)
        life.tell(.checked(true))
        life.tell(.exited(.signal(9)), after: .seconds(61))
        #expect(life.pause == .seconds(1) && life.machine.lastFault == "it was ended by signal 9")
    }

    @Test func oneFailureIsChanceTwoHideItFourRestartIt() {
        var life = Life()
        life.rise()
        #expect(life.tell(.checked(false)) == [.report(isWell: false)] && life.machine.phase == .healthy)
        #expect(life.tell(.checked(false)) == [.report(isWell: false)] && life.machine.phase == .unhealthy)
        #expect(life.tell(.checked(true)) == [.report(isWell: true)] && life.machine.phase == .healthy)
        for _ in 0..<3 { life.tell(.checked(false)) }
        #expect(life.tell(.checked(false)) == [.report(isWell: false), .lose, .terminate] && life.machine.phase == .stopping)
        // It does not hear.
        #expect(life.tell(.tick, after: .seconds(9)).isEmpty)
        #expect(life.tell(.tick, after: .seconds(1)) == [.kill])
        #expect(life.tell(.exited(.signal(9))) == [.remove] && life.machine.phase == .backingOff)
        #expect(life.machine.lastFault == "4 health checks failed, one after the other")
    }

    @Test func oneThatRunsElsewhereIsOnlyAsked() {
        var life = Life(isOurs: false)
        #expect(life.tell(.begin) == [.launch])
        #expect(life.tell(.launched) == [.check])
        for _ in 0..<10 { #expect(life.tell(.checked(false)).isEmpty && life.machine.phase == .starting) }
        #expect(life.tell(.checked(true), after: .seconds(3600)) == [.report(isWell: true)])
        for _ in 0..<10 { #expect(life.tell(.checked(false)) == [.report(isWell: false)]) }
        #expect(life.machine.phase == .unhealthy && life.machine.restarts == 0)
        #expect(life.tell(.stop) == [.lose] && life.machine.phase == .stopped)
    }

    @Test func oneThatNeverGetsWellIsTriedAgain() {
        var life = Life { $0.startTime = .seconds(30) }
        life.tell(.begin)
        life.tell(.prepared)
        life.tell(.launched)
        #expect(life.tell(.checked(false), after: .seconds(29)).isEmpty)
        life.tell(.tick, after: .seconds(1))
        #expect(life.tell(.checked(false)) == [.lose, .terminate])
        #expect(life.machine.lastFault == "it was not well within 30.0 seconds of its start")
        life.tell(.exited(.code(0)))
        #expect(life.machine.phase == .backingOff)
    }

    @Test func whatCannotBeStartedIsTriedAgain() {
        var life = Life()
        life.tell(.begin)
        life.tell(.failed("there is no image"))
        #expect(life.machine.phase == .backingOff && life.pause == .seconds(1) && life.machine.lastFault == "there is no image")
        #expect(life.tell(.tick, after: .seconds(1)) == [.prepare])
        life.tell(.prepared)
        life.tell(.failed("the port is taken"))
        #expect(life.pause == .seconds(2))
    }

    @Test func theEndIsAskedForThenMade() {
        var life = Life()
        life.rise()
        #expect(life.tell(.stop) == [.lose, .terminate] && life.machine.phase == .stopping)
        #expect(life.tell(.stop).isEmpty)
        #expect(life.tell(.checked(false)).isEmpty)
        #expect(life.tell(.tick, after: .seconds(10)) == [.kill])
        #expect(life.tell(.exited(.signal(9))) == [.remove] && life.machine.phase == .stopped)
        #expect(life.tell(.begin).isEmpty && life.tell(.tick, after: .seconds(100)).isEmpty)
        var lost = Life()
        lost.rise()
        lost.tell(.stop)
        #expect(lost.tell(.tick, after: .seconds(10)) == [.kill])
        #expect(lost.tell(.tick, after: .seconds(10)).isEmpty && lost.machine.phase == .stopped, "nobody says that it ended")
    }

    @Test func anEndWhileItIsBeingStartedWaitsForIt() {
        var life = Life()
        life.tell(.begin)
        life.tell(.prepared)
        #expect(life.tell(.stop).isEmpty && life.machine.phase == .stopping)
        #expect(life.tell(.launched, after: .seconds(20)) == [.lose, .terminate])
        #expect(life.tell(.tick, after: .seconds(9)).isEmpty)
        #expect(life.tell(.exited(.code(0))) == [.remove] && life.machine.phase == .stopped)
        var fetching = Life()
        fetching.tell(.begin)
        #expect(fetching.tell(.stop).isEmpty && fetching.machine.phase == .stopped, "an image may take an hour")
        #expect(fetching.tell(.prepared).isEmpty && fetching.machine.phase == .stopped)
        var resting = Life()
        resting.tell(.begin)
        resting.tell(.failed("no"))
        #expect(resting.tell(.stop).isEmpty && resting.machine.phase == .stopped)
    }

    @Test func pausesDifferFromRunnerToRunner() {
        let pauses = (0..<20).map { seed -> Duration in
            let now = ContinuousClock.now
            var machine = RunnerLifecycle(isOurs: true, at: now, seed: UInt64(seed))
            _ = machine.handle(.begin, at: now)
            _ = machine.handle(.failed("no"), at: now)
            return machine.nextStart.map { now.duration(to: $0) } ?? .zero
        }
        #expect(Set(pauses).count > 15 && pauses.allSatisfy { $0 >= .milliseconds(750) && $0 <= .milliseconds(1250) })
    }

    @Test func eventsThatComeLateOrTwiceDoNothing() {
        for first in [RunnerLifecycle.Event.prepared, .launched, .checked(true), .exited(.gone), .failed("x"), .tick] {
            var life = Life()
            #expect(life.tell(first).isEmpty && life.machine.phase == .waiting, "\(first)")
        }
        var life = Life()
        life.rise()
        life.tell(.exited(.code(0)))
        for late in [RunnerLifecycle.Event.exited(.code(0)), .launched, .prepared, .checked(true), .checked(false)] {
            #expect(life.tell(late).isEmpty && life.machine.phase == .backingOff, "\(late)")
        }
    }
}
