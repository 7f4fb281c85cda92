import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct RefusalTests {
    @Test func theQueueOfASessionHasABound() {
        var bench = WorldBench([WorldBench.plain(service: WorldBench.quiet(coldStart: 10, queued: 2))])
        bench.runToCut(sequence: 4)
        let handles = (0..<4).map { bench.send(sequence: $0) }
        bench.runToEnd()
        // One is worked on, two wait; the fourth is taken, and then there is no place for it.
        #expect(handles[0..<3].allSatisfy { bench.events(of: $0).last == .finished })
        #expect(bench.events(of: handles[3]) == [.accepted, .failed(SegmentFailure(.busy, "OrchestratorBusy"))])
    }

    @Test func whileAllLanesAreTakenTheFirstInLineIsNotInTheQueue() {
        let service = WorldBench.quiet(coldStart: 10, lanes: 1, queued: 0)
        var bench = WorldBench([WorldBench.plain(service: service)], streams: 2)
        bench.runToCut(stream: 1, sequence: 1)
        let working = bench.send(stream: 0, sequence: 0)
        let waiting = bench.send(stream: 1, sequence: 0)
        let refused = bench.send(stream: 1, sequence: 1)
        bench.runToEnd()
        #expect(bench.events(of: working).last == .finished)
        #expect(bench.events(of: waiting).last == .finished)
        #expect(bench.failure(of: refused)?.failure == SegmentFailure(.busy, "OrchestratorBusy"))
    }

    @Test func aSessionTooManyIsRefusedBeforeTheBody() throws {
        var bench = WorldBench([WorldBench.plain(service: WorldBench.quiet(sessions: 1))], streams: 2)
        bench.runToCut(stream: 1, sequence: 0)
        let first = bench.send(stream: 0, sequence: 0)
        bench.runToCut(stream: 1, sequence: 1)
        let other = bench.send(stream: 1, sequence: 1)
        let again = bench.send(stream: 0, sequence: 1)
        bench.runToEnd()
        #expect(bench.events(of: first).last == .finished)
        #expect(bench.events(of: again).last == .finished)
        let refusal = try #require(bench.failure(of: other))
        #expect(refusal.failure == SegmentFailure(.busy, "OrchestratorCapped"))
        #expect(isClose(refusal.seconds, 0.02))
    }

    @Test func twoThatComeAtOnceForTheLastSessionAreToldApartOnArrival() {
        var bench = WorldBench([WorldBench.plain(service: WorldBench.quiet(sessions: 1))], streams: 2)
        bench.runToCut(stream: 1, sequence: 0)
        let first = bench.send(stream: 0, sequence: 0)
        let other = bench.send(stream: 1, sequence: 0)
        bench.runToEnd()
        #expect(bench.events(of: first).last == .finished)
        #expect(bench.events(of: other) == [.accepted, .failed(SegmentFailure(.busy, "OrchestratorCapped"))])
    }

    @Test func aSessionIsGoneAfter70SilentSeconds() {
        var bench = WorldBench([WorldBench.plain(service: WorldBench.quiet(sessions: 1))], streams: 2)
        bench.runToCut(stream: 1, sequence: 0)
        _ = bench.send(stream: 0, sequence: 0)
        // Used last when its work was done, about half a second after 2 s.
        bench.run(to: 72.4)
        #expect(bench.world.orchestrators[0].sessionCount == 1)
        bench.run(to: 72.6)
        #expect(bench.world.orchestrators[0].sessionCount == 0)
        let other = bench.send(stream: 1, sequence: 0)
        bench.runToEnd()
        #expect(bench.events(of: other).last == .finished)
    }

    @Test func theEndOfAStreamFreesItsSessions() {
        var bench = WorldBench(end: 10)
        bench.runToCut(sequence: 0)
        _ = bench.send(sequence: 0)
        bench.run(to: 10)
        #expect(bench.world.orchestrators[0].sessionCount == 1)
        bench.world.closeSessions(of: 0)
        #expect(bench.world.orchestrators[0].sessionCount == 0)
    }

    @Test func aStreamThatEndsLetsItsWorkFinish() {
        var bench = WorldBench()
        bench.runToCut(sequence: 0)
        let handle = bench.send(sequence: 0)
        bench.run(to: 2.1)
        bench.world.closeSessions(of: 0)
        #expect(bench.world.orchestrators[0].sessionCount == 1)
        bench.runToEnd()
        #expect(bench.events(of: handle).last == .finished)
        #expect(bench.world.orchestrators[0].sessionCount == 0)
    }

    @Test func aRenewedSessionIsColdAndTheOldOneKeepsItsPlace() {
        var bench = WorldBench([WorldBench.plain(service: WorldBench.quiet(sessions: 2))])
        bench.runToCut(sequence: 0)
        _ = bench.send(sequence: 0)
        bench.runToCut(sequence: 1)
        bench.world.renewSession(of: 0, at: 0)
        let second = bench.send(sequence: 1)
        bench.run(to: 10)
        #expect(isClose(bench.seconds(second, to: .finished), 0.545056))
        #expect(bench.world.orchestrators[0].sessionCount == 2)
        bench.run(to: 73)
        #expect(bench.world.orchestrators[0].sessionCount == 1)
    }
}
