import Foundation
import SluiceRouting
import SluiceSimulation
import SluiceTypes
import Testing

@testable import sluice

/// What `config/scenarios/all-slow.yaml` promises of production routing: where the cause is shared nobody is left out for it, and when it
/// is over all is well within two segments.
@Suite struct AllSlowTests {
    private final class Watch {
        var counts = RouteCounts()
    }

    /// Production routing, watched.
    private struct Watched: RoutingPolicy {
        var inner: RouterPolicy
        let watch: Watch

        private mutating func pass(_ call: (inout RouterPolicy) -> Void) {
            call(&inner)
            watch.counts = inner.router.counts
        }

        mutating func start(_ orchestrators: [OrchestratorID], at now: Moment, actions: inout [PolicyAction]) {
            pass { $0.start(orchestrators, at: now, actions: &actions) }
        }
        mutating func answered(
            _ orchestrator: OrchestratorID, _ entry: OrchestratorEntry?, roundTrip: Double, at now: Moment, actions: inout [PolicyAction]
        ) {
            pass { $0.answered(orchestrator, entry, roundTrip: roundTrip, at: now, actions: &actions) }
        }
        mutating func opened(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
            pass { $0.opened(stream, at: now, actions: &actions) }
        }
        mutating func closed(_ stream: StreamID, at now: Moment, actions: inout [PolicyAction]) {
            pass { $0.closed(stream, at: now, actions: &actions) }
        }
        mutating func cut(_ segment: SegmentFacts, at now: Moment, actions: inout [PolicyAction]) {
            pass { $0.cut(segment, at: now, actions: &actions) }
        }
        mutating func happened(
            _ event: AttemptEvent, attempt: AttemptID, of segment: SegmentKey, at now: Moment, actions: inout [PolicyAction]
        ) {
            pass { $0.happened(event, attempt: attempt, of: segment, at: now, actions: &actions) }
        }
        mutating func wake(_ segment: SegmentKey?, at now: Moment, actions: inout [PolicyAction]) {
            pass { $0.wake(segment, at: now, actions: &actions) }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func nobodyIsLeftOutAndAllIsWellAfterTwoSegments(seed: UInt64) throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let scenario = try ScenarioFile.read(root.appendingPathComponent("config/scenarios/all-slow.yaml").path)
        let fault = try #require(scenario.orchestrators.first?.faults.first)
        let (lasts, every) = (try #require(fault.lasts), try #require(fault.every))
        let segment = try #require(scenario.streams.first?.segmentDuration)
        let watch = Watch()
        let record = try Simulation(scenario, settings: RunSettings(timelineStreams: 100))
            .run(seed: seed) { _, seed in Watched(inner: RouterPolicy(seed: seed), watch: watch) }

        #expect(watch.counts.ejections == 0)
        #expect(watch.counts.commonCauses > 0)
        var during = 0
        for stream in record.timelines {
            for outcome in stream.segments where outcome.missed && outcome.cut >= fault.at {
                let since = (outcome.cut - fault.at).truncatingRemainder(dividingBy: every)
                if since < lasts { during += 1 }
                #expect(since <= lasts + 2 * segment, "\(stream.stream) \(outcome.sequence) was cut \(since) s after the start")
            }
        }
        #expect(during > 0)
    }
}
