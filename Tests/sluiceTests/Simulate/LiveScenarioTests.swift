import Foundation
import SluiceGateway
import SluiceRouting
import SluiceSimulation
import SluiceTypes
import Testing

@testable import sluice

@Suite struct LiveScenarioTests {
    /// A router that has served a stream for a while: what `GET /routing/orchestrators` would show.
    private func reports(segments: Int64) throws -> [OrchestratorReport] {
        var settings = RoutingSettings()
        settings.canaryShare = 0
        var router = SegmentRouter(settings: settings, seed: 1)
        router.update(
            ["https://a:8935", "https://b:8935"].map {
                OrchestratorEntry(
                    id: OrchestratorID($0), capabilities: CapabilitySet(), price: Price(pricePerUnit: 70, pixelsPerUnit: 1), region: "eu",
                    gpu: GPUClassTable().gpu(model: "NVIDIA L4"), roundTrip: 0.03)
            }, at: Moment(seconds: 0))
        var actions: [DispatchAction] = []
        let stream = try #require(StreamID("cam"))
        for sequence in 0..<segments {
            let cut = Moment(seconds: Double(sequence) * 2)
            let facts = SegmentFacts(
                stream: stream, sequence: SegmentSequence(sequence), duration: 2, byteCount: 500_000, outputPixelRate: 10_000_000,
                renditions: 1, cut: cut)
            var course = SegmentCourse(facts, router: &router, at: cut, actions: &actions)
            for (after, event) in [
                (0.08, AttemptEvent.accepted), (0.28, .transcoded), (0.3, .firstByte), (0.32, .rendition(place: 0)), (0.32, .finished),
            ] {
                let moment = cut.advanced(bySeconds: after)
                course.happened(event, attempt: AttemptID(0), router: &router, at: moment, actions: &actions)
            }
        }
        return router.picture(at: Moment(seconds: Double(segments) * 2)).map(OrchestratorReport.init)
    }

    private func status(_ live: Bool) throws -> GatewayStatus {
        let json = """
            {"streams": [{"id": "cam", "origin": "rtmp", "isLive": \(live), "renditions": [{"name": "p", "published": 5, "gaps": 0}],
              "segments": [{"sequence": 0, "durationMs": 2000, "bytes": 750000, "firstByteToCutMs": 2000, "renditionsMs": [300]}]}],
             "orchestrators": []}
            """
        return try JSONDecoder().decode(GatewayStatus.self, from: Data(json.utf8))
    }

    @Test func theWorldIsAsItWasMeasured() throws {
        let live = try LiveScenario(name: "here", try reports(segments: 20), try status(true))
        let scenario = live.scenario
        #expect(scenario.check() == [])
        // The stream stayed with one; of the other nothing is known.
        let model = try #require(scenario.orchestrators.first)
        #expect(scenario.orchestrators.count == 1 && live.notes.count == 1 && live.notes[0].contains("nothing was measured"))
        #expect(model.price == 70 && model.region == "eu" && model.gpu == "NVIDIA L4")
        // 0.2 s of work for two seconds of 10 M pixels, the middle of whose class is 12.6 M.
        let seconds = 1.5 * 8_388_608 * 2 / model.service.pixelsPerSecond
        #expect(abs(seconds - 0.2) < 0.02, "\(seconds)")
        #expect(abs(model.network.roundTrip - 0.02) < 0.003, "\(model.network.roundTrip)")
        #expect(scenario.streams.map(\.count) == [1] && scenario.streams[0].bitrate == 3e6 && scenario.streams[0].segmentDuration == 2)
        #expect(abs(scenario.streams[0].outputPixelRate / (1.5 * 8_388_608) - 1) < 0.05)
        let run = try Simulation(scenario).run(seed: 1) { _, seed in RouterPolicy(settings: RoutingSettings(), seed: seed) }
        let finishes = run.timelines.flatMap(\.segments).map(\.finish).sorted()
        #expect(abs((finishes.isEmpty ? 0 : finishes[finishes.count / 2]) - 0.32) < 0.08)
    }

    @Test func withoutLiveStreamsSomeStandIn() throws {
        let live = try LiveScenario(name: "here", try reports(segments: 20), try status(false))
        #expect(live.scenario.streams.map(\.count) == [10] && live.notes.contains { $0.contains("--streams") })
    }

    @Test func nothingMeasuredIsSaidSo() throws {
        let status = try status(true)
        let reports = try reports(segments: 1)
        let error = #expect(throws: SettingsError.self) { _ = try LiveScenario(name: "here", reports, status) }
        #expect("\(try #require(error))".contains("none of 2 orchestrators was measured yet"))
    }

    @Test(arguments: ["127.0.0.1:5935", "http://127.0.0.1:5935", "http://127.0.0.1:5935/", "5935"]) func gatewaysAreNamedAsPeopleDo(
        text: String
    ) {
        #expect(throws: Never.self) { try AdminClient(text) }
    }

    @Test(arguments: ["", "https://h:1", "h", "h:0"]) func whatIsNoAdminPortIsRefused(text: String) {
        #expect(throws: (any Error).self) { try AdminClient(text) }
    }
}
