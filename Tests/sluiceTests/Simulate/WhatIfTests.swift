import Foundation
import SluiceGateway
import SluiceRouting
import SluiceTypes
import Testing

@testable import sluice

@Suite struct WhatIfTests {
    /// A quick and dear one, and a slow and cheap one, as a gateway would have measured them.
    private func reports() throws -> [OrchestratorReport] {
        var settings = RoutingSettings()
        settings.canaryShare = 0
        var router = SegmentRouter(settings: settings, seed: 1)
        let all = [("quick", 900.0, 0.2), ("slow", 100, 1.0)]
        func entry(_ name: String, _ price: Double, _ isThere: Bool) -> OrchestratorEntry {
            OrchestratorEntry(
                id: OrchestratorID("https://\(name):8935"), capabilities: CapabilitySet(),
                price: Price(pricePerUnit: Int64(price), pixelsPerUnit: 1), isReachable: isThere, roundTrip: 0.01)
        }
        let stream = try #require(StreamID("cam"))
        var actions: [DispatchAction] = []
        // Each alone for a while, so that both are measured.
        for (turn, (name, _, seconds)) in all.enumerated() {
            let start = Double(turn) * 100
            router.update(all.map { entry($0.0, $0.1, $0.0 == name) }, at: Moment(seconds: start))
            for number in 0..<20 {
                let cut = Moment(seconds: start + Double(number) * 2)
                let facts = SegmentFacts(
                    stream: stream, sequence: SegmentSequence(Int64(turn * 20 + number)), duration: 2, byteCount: 500_000,
                    outputPixelRate: 10_000_000, renditions: 1, cut: cut)
                var course = SegmentCourse(facts, router: &router, at: cut, actions: &actions)
                for (after, event) in [
                    (0.05, AttemptEvent.accepted), (seconds, .transcoded), (seconds + 0.01, .firstByte),
                    (seconds + 0.02, .rendition(place: 0)), (seconds + 0.02, .finished),
                ] {
                    course.happened(
                        event, attempt: AttemptID(0), router: &router, at: cut.advanced(bySeconds: after), actions: &actions)
                }
            }
        }
        router.update(all.map { entry($0.0, $0.1, true) }, at: Moment(seconds: 150))
        return router.picture(at: Moment(seconds: 150)).map(OrchestratorReport.init)
    }

    private func what(_ reports: [OrchestratorReport]) -> WhatIf { WhatIf(reports: reports, streams: [], routing: RoutingSettings()) }

    @Test func aTighterPromiseCostsMoreAndIsQuicker() async throws {
        let result = await what(try reports()).compare(ServiceLevel(latency: .share(1.2)), ServiceLevel(latency: .share(0.3)))
        guard case .compared(let outcome) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(outcome.then.costPerThousandWei > outcome.now.costPerThousandWei * 2, "\(outcome)")
        #expect(outcome.then.p50Ms < outcome.now.p50Ms / 2)
        #expect(outcome.then.shares["quick:8935"] ?? 0 > 0.9 && outcome.now.shares["slow:8935"] ?? 0 > 0.5)
        #expect(outcome.now.segments >= 200, "enough to be believed")
    }

    @Test func theSameQuestionHasTheSameAnswer() async throws {
        let what = what(try reports())
        let level = ServiceLevel(latency: .share(0.8))
        guard case .compared(let first) = await what.compare(level, level), case .compared(let second) = await what.compare(level, level)
        else {
            Issue.record("no answer")
            return
        }
        #expect(first.now == first.then && first.now == second.now)
    }

    @Test func nothingMeasuredIsSaid() async throws {
        guard case .unknown(let why) = await what([]).compare(ServiceLevel(), ServiceLevel()) else {
            Issue.record("an answer from nothing")
            return
        }
        #expect(why.contains("none of 0 orchestrators was measured yet"))
    }
}
