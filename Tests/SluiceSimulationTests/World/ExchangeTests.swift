import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct ExchangeTests {
    /// 4 Mbit up at 200 Mbit/s are 20 ms, half a round trip 10 ms; 19 958 400 pixels at 150 M a second with 40 ms and a cold start of
    /// 300 ms are 473.056 ms; both renditions start together and share 200 Mbit/s.
    @Test func oneSegmentTakesWhatAPersonWouldCount() {
        var bench = WorldBench()
        bench.runToCut(sequence: 0)
        let handle = bench.send(sequence: 0)
        bench.runToEnd()
        #expect(
            bench.events(of: handle)
                == [.accepted, .transcoded, .firstByte, .rendition(place: 1), .rendition(place: 0), .finished])
        #expect(isClose(bench.seconds(handle, to: .accepted), 0.04))
        #expect(isClose(bench.seconds(handle, to: .transcoded), 0.513056))
        #expect(isClose(bench.seconds(handle, to: .firstByte), 0.533056))
        #expect(isClose(bench.seconds(handle, to: .rendition(place: 1)), 0.541056))
        #expect(isClose(bench.seconds(handle, to: .rendition(place: 0)), 0.545056))
        #expect(isClose(bench.seconds(handle, to: .finished), 0.545056))
        #expect(bench.world.liveAttempts == 0)
    }

    @Test func onlyTheFirstSegmentOfASessionIsCold() {
        var bench = WorldBench()
        bench.runToCut(sequence: 0)
        _ = bench.send(sequence: 0)
        bench.runToCut(sequence: 1)
        let second = bench.send(sequence: 1)
        bench.runToEnd()
        #expect(isClose(bench.seconds(second, to: .finished), 0.245056))
    }

    @Test func whatIsNotAskedForIsNotWorkedOnNorSent() {
        var bench = WorldBench([WorldBench.plain(price: 2)])
        bench.runToCut(sequence: 0)
        let handle = bench.send(sequence: 0, places: 0b10)
        bench.runToEnd()
        #expect(bench.events(of: handle) == [.accepted, .transcoded, .firstByte, .rendition(place: 1), .finished])
        #expect(bench.world.tallies[0].cost == 426 * 240 * 30 * 2 * 2)
    }

    @Test func aSmallUplinkHoldsTheUploadBack() {
        var bench = WorldBench([WorldBench.plain("a"), WorldBench.plain("b")], streams: 2, uplink: 10_000_000)
        bench.runToCut(stream: 1, sequence: 0)
        // Alone 0.4 s; the two share the uplink although they go different ways.
        let one = bench.send(stream: 0, sequence: 0, to: 0)
        let other = bench.send(stream: 1, sequence: 0, to: 1)
        bench.runToEnd()
        #expect(isClose(bench.seconds(one, to: .accepted), 0.82))
        #expect(isClose(bench.seconds(other, to: .accepted), 0.82))
    }

    @Test func lossCostsARetransmissionTimeoutAndARoundTrip() {
        var model = WorldBench.plain()
        model.network.loss = 1
        var bench = WorldBench([model])
        bench.runToCut(sequence: 0)
        let handle = bench.send(sequence: 0)
        bench.runToEnd()
        #expect(isClose(bench.seconds(handle, to: .accepted), 0.04 + 0.22))
        #expect(isClose(bench.seconds(handle, to: .finished), 0.545056 + 0.44))
    }

    @Test func segmentsOfOneSessionAreWorkedOnOneAfterAnother() {
        var bench = WorldBench([WorldBench.plain(service: WorldBench.quiet(coldStart: 0))])
        bench.runToCut(sequence: 1)
        let first = bench.send(sequence: 0)
        let second = bench.send(sequence: 1)
        bench.runToEnd()
        // Both uploads share the way in, and are there after 40 ms; then 173.056 ms each.
        #expect(isClose(bench.seconds(first, to: .transcoded), 0.06 + 0.173056))
        #expect(isClose(bench.seconds(second, to: .transcoded), 0.06 + 2 * 0.173056))
    }

    @Test func sessionsShareTheLanes() {
        var bench = WorldBench([WorldBench.plain(service: WorldBench.quiet(coldStart: 0, lanes: 1))], streams: 2)
        bench.runToCut(stream: 1, sequence: 0)
        let first = bench.send(stream: 0, sequence: 0)
        let other = bench.send(stream: 1, sequence: 0)
        bench.runToEnd()
        #expect(isClose(bench.seconds(first, to: .transcoded), 0.06 + 0.173056))
        #expect(isClose(bench.seconds(other, to: .transcoded), 0.06 + 2 * 0.173056))
    }

    @Test func theDaysLoadSlowsTheWork() {
        var model = WorldBench.plain(service: WorldBench.quiet(coldStart: 0))
        model.diurnalLoad = 0.5
        model.diurnalPeriod = 4
        var bench = WorldBench([model])
        bench.runToCut(sequence: 0)
        // Cut at 2 s, at work at 2.03 s, just past the top of a curve that takes half the speed away.
        let handle = bench.send(sequence: 0)
        bench.runToEnd()
        let work = (bench.seconds(handle, to: .transcoded) ?? 0) - 0.04
        #expect(work > 0.34 && work <= 0.346112)
    }
}
