import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct FaultTests {
    /// Sends the first segment, cut at 2 s, to one orchestrator with this fault.
    private func first(_ fault: FaultModel) -> (bench: WorldBench, handle: AttemptHandle) {
        var bench = WorldBench([WorldBench.plain(faults: [fault])])
        bench.runToCut(sequence: 0)
        let handle = bench.send(sequence: 0)
        bench.runToEnd()
        return (bench, handle)
    }

    /// A stall of 10 s in the upload, in the transcode and in the download; all of the rest goes on as if nothing had been.
    @Test(arguments: [2.005, 2.2, 2.53])
    func aStallFreezesAllAndLetsItGoOn(at: Double) {
        let (bench, handle) = first(FaultModel(.stall, at: at, lasts: 10))
        #expect(isClose(bench.seconds(handle, to: .finished), 10.545056))
        #expect(bench.events(of: handle).count == 6)
        let isBefore = { (event: AttemptEvent, seconds: Double) in
            isClose(bench.seconds(handle, to: event), 2 + seconds < at ? seconds : 10 + seconds)
        }
        #expect(isBefore(.accepted, 0.04))
        #expect(isBefore(.transcoded, 0.513056))
    }

    @Test func aStallWithoutEndLeavesTheAttemptHanging() {
        let (bench, handle) = first(FaultModel(.stall, at: 2.2))
        #expect(bench.events(of: handle) == [.accepted])
        #expect(bench.world.liveAttempts == 1)
    }

    @Test func slowIsSlowInAllThings() {
        let (bench, handle) = first(FaultModel(.slow(factor: 3), at: 0))
        #expect(isClose(bench.seconds(handle, to: .accepted), 3 * 0.04))
        #expect(isClose(bench.seconds(handle, to: .finished), 3 * 0.545056))
    }

    /// What it said before the crash still gets here.
    @Test(arguments: [(2.005, 0), (2.2, 1), (2.53, 3)])
    func aCrashBreaksWhatIsUnderWayAfterHalfARoundTrip(at: Double, events: Int) throws {
        let (bench, handle) = first(FaultModel(.crash, at: at, lasts: 5))
        #expect(bench.events(of: handle).count == events + 1)
        let broken = try #require(bench.failure(of: handle))
        #expect(broken.failure == SegmentFailure(.unreachable, "connection reset by peer"))
        #expect(isClose(broken.seconds, at - 2 + 0.01))
        #expect(bench.world.liveAttempts == 0)
        #expect(bench.world.tallies[0].cost == 0)
    }

    @Test func whileDownItRefusesAfterARoundTripAndThenStartsAfresh() throws {
        var bench = WorldBench([WorldBench.plain(faults: [FaultModel(.crash, at: 3, lasts: 2)])])
        bench.runToCut(sequence: 0)
        _ = bench.send(sequence: 0)
        bench.runToCut(sequence: 1)
        let refused = bench.send(sequence: 1)
        bench.runToCut(sequence: 2)
        #expect(bench.world.orchestrators[0].sessionCount == 0)
        let after = bench.send(sequence: 2)
        bench.runToEnd()
        let refusal = try #require(bench.failure(of: refused))
        #expect(refusal.failure == SegmentFailure(.unreachable, "connection refused"))
        #expect(isClose(refusal.seconds, 0.02))
        // Sessions are forgotten: it is cold again.
        #expect(isClose(bench.seconds(after, to: .finished), 0.545056))
    }

    /// Upload: half a round trip after it began; transcode: as the work begins; download: as the renditions set out.
    @Test(arguments: [(FaultModel.Stage.upload, 0.01), (.transcode, 0.03), (.download, 0.523056)])
    func aCrashWaitsForItsStage(stage: FaultModel.Stage, at: Double) throws {
        let (bench, handle) = first(FaultModel(.crashDuring(stage), at: 1, lasts: 20))
        let broken = try #require(bench.failure(of: handle))
        #expect(broken.failure.reason == .unreachable)
        #expect(isClose(broken.seconds, at + 0.01))
        #expect(bench.world.orchestrators[0].crashes == 1)
    }

    @Test func aCrashInAStageComesOncePerFaultAndIsOverWithIt() {
        let fault = FaultModel(.crashDuring(.transcode), at: 1, lasts: 4, every: 10)
        var bench = WorldBench([WorldBench.plain(faults: [fault])])
        let handles = (0..<7).map { sequence in
            bench.runToCut(sequence: sequence)
            return bench.send(sequence: sequence)
        }
        bench.runToEnd()
        // Down from 2 s to 5 s, and from 12 s to 15 s.
        let failed = handles.indices.filter { bench.failure(of: handles[$0]) != nil }
        #expect(failed == [0, 1, 5, 6])
        #expect(bench.world.orchestrators[0].crashes == 2)
    }

    @Test func whatIsAbortedOnALaneDiesWithTheOrchestratorUnpaid() {
        var bench = WorldBench([WorldBench.plain(faults: [FaultModel(.crash, at: 2.2, lasts: 1)], price: 1)])
        bench.runToCut(sequence: 0)
        let handle = bench.send(sequence: 0)
        bench.run(to: 2.1)
        bench.world.abort(handle)
        bench.runToEnd()
        #expect(bench.events(of: handle) == [.accepted])
        #expect(bench.world.tallies[0].cost == 0)
        #expect(bench.world.liveAttempts == 0)
    }

    @Test func busyRefusesEverySegmentOnceItIsThere() {
        let (bench, handle) = first(FaultModel(.busy, at: 0))
        #expect(bench.events(of: handle) == [.accepted, .failed(SegmentFailure(.busy, "OrchestratorBusy"))])
    }

    @Test func cappedTakesNoNewSessionAndKeepsTheOld() {
        var bench = WorldBench([WorldBench.plain(faults: [FaultModel(.capped, at: 3)])], streams: 2)
        bench.runToCut(stream: 0, sequence: 0)
        _ = bench.send(stream: 0, sequence: 0)
        bench.runToCut(stream: 1, sequence: 1)
        let old = bench.send(stream: 0, sequence: 1)
        let new = bench.send(stream: 1, sequence: 1)
        bench.runToEnd()
        #expect(bench.events(of: old).last == .finished)
        #expect(bench.failure(of: new)?.failure == SegmentFailure(.busy, "OrchestratorCapped"))
    }

    @Test func halfAnAnswerFailsAfterItsFirstRendition() throws {
        let (bench, handle) = first(FaultModel(.halfAnswer(share: 1), at: 0))
        #expect(bench.events(of: handle).dropLast() == [.accepted, .transcoded, .firstByte, .rendition(place: 1)])
        let half = try #require(bench.failure(of: handle))
        #expect(half.failure.reason == .protocolViolation)
        #expect(isClose(half.seconds, 0.541056))
        #expect(bench.world.orchestrators[0].outbound.count == 0)
    }

    @Test func wrongBytesFailOnArrival() throws {
        let (bench, handle) = first(FaultModel(.wrongBytes(share: 1), at: 0))
        #expect(bench.events(of: handle).dropLast() == [.accepted, .transcoded, .firstByte])
        let wrong = try #require(bench.failure(of: handle))
        #expect(wrong.failure.reason == .protocolViolation)
        #expect(isClose(wrong.seconds, 0.541056))
        #expect(bench.world.orchestrators[0].outbound.count == 0)
    }

    @Test func tokensAreRefusedOncePerSession() throws {
        var bench = WorldBench([WorldBench.plain(faults: [FaultModel(.refuseTokens, at: 3, lasts: 100)])])
        bench.runToCut(sequence: 0)
        let before = bench.send(sequence: 0)
        bench.runToCut(sequence: 1)
        let refused = bench.send(sequence: 1)
        bench.run { if case .attempt(refused, _, _, .failed) = $0 { true } else { false } }
        let again = bench.send(sequence: 1, visit: 1)
        bench.runToEnd()
        #expect(bench.events(of: before).last == .finished)
        let refusal = try #require(bench.failure(of: refused))
        #expect(refusal.failure.reason == .sessionRefused)
        #expect(isClose(refusal.seconds, 0.02))
        #expect(bench.events(of: again).last == .finished)
    }

    @Test func thePriceIsThatOfTheMomentTheWorkBegins() {
        var bench = WorldBench([WorldBench.plain(faults: [FaultModel(.price(factor: 3), at: 3)], price: 2)])
        bench.runToCut(sequence: 0)
        _ = bench.send(sequence: 0)
        bench.runToCut(sequence: 1)
        _ = bench.send(sequence: 1)
        bench.runToEnd()
        #expect(bench.world.tallies[0].cost == 19_958_400 * 2 + 19_958_400 * 6)
    }

    @Test func lossOfAFaultComesOnTopOfTheNetworks() {
        var model = WorldBench.plain(faults: [FaultModel(.loss(share: 0.5), at: 0)])
        model.network.loss = 0.5
        var bench = WorldBench([model])
        bench.runToCut(sequence: 0)
        #expect(bench.world.orchestrators[0].condition.loss == 0.75)
    }
}
