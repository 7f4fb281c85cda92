import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct AbortTests {
    /// In the upload, on the way, on a lane, on the way back and in the download; and what has to be paid for it.
    @Test(arguments: [(2.01, 0, 0), (2.025, 0, 0), (2.2, 1, 1), (2.518, 2, 1), (2.535, 3, 1)])
    func afterAnAbortNothingMoreIsHeard(at: Double, events: Int, paid: Int) {
        var bench = WorldBench([WorldBench.plain(price: 1)])
        bench.runToCut(sequence: 0)
        let handle = bench.send(sequence: 0)
        bench.run(to: at)
        bench.world.abort(handle)
        bench.runToEnd()
        #expect(bench.events(of: handle).count == events)
        #expect(bench.world.tallies[0].cost == Double(paid) * 19_958_400)
        #expect(bench.world.liveAttempts == 0)
        #expect(bench.world.orchestrators[0].inbound.count + bench.world.orchestrators[0].outbound.count == 0)
        #expect(bench.world.orchestrators[0].freeLanes == 8)
    }

    @Test func whatWaitsInLineIsNeitherWorkedOnNorPaid() {
        var bench = WorldBench([WorldBench.plain(price: 1)])
        bench.runToCut(sequence: 1)
        let first = bench.send(sequence: 0)
        let second = bench.send(sequence: 1)
        bench.run(to: 4.2)
        bench.world.abort(second)
        bench.runToEnd()
        #expect(bench.events(of: first).last == .finished)
        #expect(bench.events(of: second) == [.accepted])
        #expect(bench.world.tallies[0].cost == 19_958_400)
    }

    @Test func aSessionWhoseOnlyWaitingSegmentIsAbortedHoldsNoLane() {
        let service = WorldBench.quiet(coldStart: 0, lanes: 1)
        var bench = WorldBench([WorldBench.plain(service: service)], streams: 3)
        bench.runToCut(stream: 2, sequence: 0)
        let first = bench.send(stream: 0, sequence: 0)
        let aborted = bench.send(stream: 1, sequence: 0)
        let last = bench.send(stream: 2, sequence: 0)
        bench.run(to: 2.1)
        bench.world.abort(aborted)
        bench.runToEnd()
        #expect(bench.events(of: first).last == .finished)
        // Three uploads share the way in for 60 ms; then two segments, one after the other.
        #expect(isClose(bench.seconds(last, to: .transcoded), 0.08 + 2 * 0.173056))
    }

    @Test func anAbortedUploadGivesItsShareToTheOthers() {
        var bench = WorldBench([WorldBench.plain()], streams: 2, uplink: 10_000_000)
        bench.runToCut(stream: 1, sequence: 0)
        let one = bench.send(stream: 0, sequence: 0)
        let other = bench.send(stream: 1, sequence: 0)
        bench.run(to: 2.4)
        bench.world.abort(other)
        bench.runToEnd()
        // By then half of 4 Mbit is through; the rest goes at full rate.
        #expect(isClose(bench.seconds(one, to: .accepted), 0.4 + 0.2 + 0.02))
    }

    @Test func aRefusalOnItsWayIsNotHeardEither() {
        var bench = WorldBench([WorldBench.plain(faults: [FaultModel(.crash, at: 0)])])
        bench.runToCut(sequence: 0)
        let handle = bench.send(sequence: 0)
        bench.world.abort(handle)
        bench.runToEnd()
        #expect(bench.events(of: handle) == [])
        #expect(bench.world.liveAttempts == 0)
    }
}
