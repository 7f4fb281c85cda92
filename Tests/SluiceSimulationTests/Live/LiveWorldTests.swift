import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct LiveWorldTests {
    /// A live world and what came out of it, with the moments in seconds.
    private struct Stage {
        var world: LiveWorld
        var now: Int64 = 0
        var events: [LiveWorld.Attempt: [(event: LiveEvent, at: Double)]] = [:]
        var ports: [(change: LivePort, at: Double)] = []
        var answers: [(answer: LiveAnswer, at: Double)] = []

        init(_ orchestrators: [OrchestratorModel], streams: Int = 1, seed: UInt64 = 7) throws {
            world = try LiveWorld(
                Scenario(name: "live", duration: 200, streams: [StreamGroup(count: streams)], orchestrators: orchestrators), seed: seed)
        }

        /// What `WorldBench` publishes.
        mutating func send(_ stream: String = "stream-1", _ sequence: Int64 = 0, to orchestrator: Int = 0) throws -> LiveWorld.Attempt {
            let sent = world.send(
                try #require(StreamID(stream)), SegmentSequence(sequence), bits: 4e6,
                renditions: [.init(bits: 1.6e6, pixels: 13_824_000), .init(bits: 0.8e6, pixels: 6_134_400)], to: orchestrator, at: now)
            note()
            return try #require(sent)
        }

        mutating func run(to seconds: Double) {
            let end = nanoseconds(seconds)
            while let due = world.nextDue, due <= end {
                now = due
                world.advance(to: now)
                note()
            }
            now = end
            world.advance(to: now)
            note()
        }

        mutating func begin() {
            world.begin(at: now)
            note()
        }

        private mutating func note() {
            let seconds = Double(now) / 1e9
            for notice in world.takeNotices() {
                switch notice {
                case .attempt(let attempt, let event): events[attempt, default: []].append((event, seconds))
                case .port(_, let change): ports.append((change, seconds))
                case .answer(_, let answer): answers.append((answer, seconds))
                }
            }
        }

        func seconds(_ attempt: LiveWorld.Attempt, to event: LiveEvent) -> Double? { events[attempt]?.first { $0.event == event }?.at }
    }

    /// With all its chances: jitter, tails, losses.
    @Test func aSegmentTakesToTheNanosecondWhatItTakesInTheSimulation() throws {
        let model = OrchestratorModel(name: "a", network: NetworkModel(jitter: 0.5, loss: 0.5))
        var bench = WorldBench([model], streams: 3, seed: 3)
        var stage = try Stage([model], streams: 3, seed: 3)
        for sequence in 0..<5 {
            bench.runToCut(stream: 2, sequence: sequence)
            stage.run(to: Double(bench.world.now) / 1e9)
            let simulated = bench.send(stream: 2, sequence: sequence)
            let live = try stage.send("stream-3", Int64(sequence))
            let sent = Double(stage.now) / 1e9
            bench.run(to: sent + 1.9)
            stage.run(to: sent + 1.9)
            for (event, same) in [(LiveEvent.accepted, AttemptEvent.accepted), (.transcoded, .transcoded), (.finished, .finished)] {
                #expect(isClose(stage.seconds(live, to: event).map { $0 - sent }, try #require(bench.seconds(simulated, to: same))))
            }
        }
    }

    @Test func aStreamOfAnyNameIsServed() throws {
        var stage = try Stage([WorldBench.plain()])
        let attempt = try stage.send("cam", 4711)
        stage.run(to: 2)
        #expect(stage.events[attempt]?.map(\.event) == [.accepted, .transcoded, .rendition(1), .rendition(0), .finished])
        #expect(isClose(stage.seconds(attempt, to: .accepted), 0.04))
    }

    @Test func nothingGoesWrongBeforeTheBeginning() throws {
        var stage = try Stage([WorldBench.plain(faults: [FaultModel(.busy, at: 0)])])
        let before = try stage.send()
        stage.run(to: 10)
        stage.begin()
        let after = try stage.send("stream-1", 1)
        stage.run(to: 20)
        #expect(stage.events[before]?.last?.event == .finished)
        #expect(stage.events[after]?.map(\.event) == [.accepted, .failed(.busy)])
    }

    @Test func aCrashIsToldToThePortAndToWhomItConcerns() throws {
        var stage = try Stage([WorldBench.plain(faults: [FaultModel(.crashDuring(.transcode), at: 1, lasts: 3)])])
        stage.run(to: 5)
        stage.begin()
        stage.run(to: 6.5)
        let attempt = try stage.send()
        stage.run(to: 20)
        #expect(stage.events[attempt]?.last?.event == .failed(.broken))
        #expect(stage.ports.map(\.change) == [.crashed, .returned])
        // The fault is over three seconds after it began to wait for a segment.
        #expect(isClose(stage.ports.last?.at, 9))
        #expect(stage.world.tally(of: 0).kills["transcode"] == 1)
        #expect(stage.world.tally(of: 0).crashes == 1)
    }

    @Test func aStallIsToldToThePort() throws {
        var stage = try Stage([WorldBench.plain(faults: [FaultModel(.stall, at: 1, lasts: 10, every: 60)])])
        stage.begin()
        stage.run(to: 100)
        #expect(stage.ports.map(\.change) == [.stalled, .resumed, .stalled, .resumed])
        #expect(stage.ports.map(\.at) == [1, 11, 61, 71])
    }

    @Test func questionsAreAnsweredAfterARoundTrip() throws {
        let faults = [FaultModel(.capped, at: 10, lasts: 5), FaultModel(.crash, at: 20, lasts: 5)]
        var stage = try Stage([WorldBench.plain(faults: faults)])
        stage.begin()
        for moment in [5.0, 12, 22] {
            stage.run(to: moment)
            stage.world.ask(0, at: stage.now)
        }
        stage.run(to: 40)
        #expect(stage.answers.map(\.answer) == [.here, .full, .silent])
        #expect(isClose(stage.answers.first?.at, 5.02))
    }

    @Test func anAbortedAttemptIsHeardOfNoMore() throws {
        var stage = try Stage([WorldBench.plain()])
        let attempt = try stage.send()
        stage.run(to: 0.1)
        stage.world.abort(attempt)
        stage.run(to: 5)
        #expect(stage.events[attempt]?.map(\.event) == [.accepted])
    }

    @Test func pricesFollowTheirFaults() throws {
        var stage = try Stage([WorldBench.plain(faults: [FaultModel(.price(factor: 3), at: 1)], price: 100)])
        stage.begin()
        #expect(stage.world.price(of: 0)?.weiPerPixel == 100)
        stage.run(to: 2)
        #expect(stage.world.price(of: 0)?.weiPerPixel == 300)
    }

    @Test func publicationsAreThoseOfTheScenario() throws {
        let groups = [StreamGroup(count: 2, startsOver: 4), StreamGroup(count: 1, segmentDuration: 1, bitrate: 3e6, start: 10, end: 20)]
        let world = try LiveWorld(Scenario(name: "live", duration: 60, streams: groups, orchestrators: [WorldBench.plain()]), seed: 1)
        #expect(world.publications.map(\.name.rawValue) == ["stream-1", "stream-2", "stream-3"])
        #expect(world.publications.map(\.opens) == [0, 2, 10])
        #expect(world.publications.map(\.segments) == [30, 29, 10])
        #expect(world.publications.map(\.bitrate) == [2e6, 2e6, 3e6])
    }

    @Test func tooManyRenditionsAreRefused() throws {
        var stage = try Stage([WorldBench.plain()])
        let many = Array(repeating: LiveWorld.Rendition(bits: 1, pixels: 1), count: LiveWorld.mostRenditions + 1)
        let refused = stage.world.send(try #require(StreamID("cam")), SegmentSequence(0), bits: 1, renditions: many, to: 0, at: 0)
        #expect(refused == nil)
    }
}
