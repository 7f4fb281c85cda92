import NIOCore
import SluiceRouting
import SluiceTesting
import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite struct ReferenceMetricsTests {
    /// What a scrape shows: of each name its type, its sets of label names, and its samples.
    private struct Scrape {
        var types: [String: String] = [:]
        var labels: [String: Set<Set<String>>] = [:]
        var samples: [String: Double] = [:]

        init(_ text: String) {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("# TYPE "), words.count == 4 { types[String(words[2])] = String(words[3]) }
                guard !line.hasPrefix("#"), let value = words.last.flatMap({ Double($0) }) else { continue }
                let series = line.dropLast(words.last.map { $0.count + 1 } ?? 0)
                let name = String(series.prefix { $0 != "{" })
                let inside = series.dropFirst(name.count).dropFirst().dropLast()
                let names = inside.split(separator: "\",").map { String($0.prefix { $0 != "=" }) }
                labels[Self.family(name), default: []].insert(Set(names).subtracting(["le"]))
                samples[String(series), default: 0] += value
            }
        }

        private static func family(_ name: String) -> String {
            for end in ["_bucket", "_sum", "_count"] where name.hasSuffix(end) { return String(name.dropLast(end.count)) }
            return name
        }
    }

    /// Of the recorded scrape; each stands for something a gateway of ours does not have.
    private static let leftOut: Set<String> = [
        "livepeer_fast_verification_enabled_current_sessions_total", "livepeer_fast_verification_using_current_sessions_total",
        "livepeer_transcoders_capacity", "livepeer_transcoders_load", "livepeer_transcoders_number", "livepeer_value_redeemed",
        "livepeer_winning_tickets_recv", "livepeer_versions",
    ]

    @Test func everyRecordedNameIsThereWithItsTypeAndItsLabels() async throws {
        let recorded = Scrape(String(buffer: try Fixture.bytes("wire/gw-metrics.txt")))
        let harness = GatewayHarness([
            "a": [
                .refuse(SegmentFailure(.refused, "no")), .fail(SegmentFailure(.transcodeFailed, "no")), .answer(GatewayHarness.rendition),
            ]
        ])
        try await harness.run {
            let live = try harness.open("one")
            for number in 0..<3 { _ = await GatewayHarness.carry(live, Int64(number)) }
            harness.table.metrics.pushAnswered(.seconds(2), after: .milliseconds(500))
        }
        let ours = Scrape(harness.registry.render())
        let wanted = recorded.types.keys.filter { $0.hasPrefix("livepeer_") && !Self.leftOut.contains($0) }
        #expect(wanted.count > 20)
        for name in wanted {
            #expect(ours.types[name] == recorded.types[name], "\(name)")
            #expect(ours.labels[name] == recorded.labels[name], "\(name)")
        }
    }

    @Test func aStreamIsCountedFromItsFirstSegmentToItsEnd() async throws {
        let harness = GatewayHarness([
            "a": [.answer(GatewayHarness.rendition), .fail(SegmentFailure(.transcodeFailed, "no"))],
            "b": [.answer(GatewayHarness.rendition)],
        ])
        let base = #"{node_id="node",node_type="bctr"}"#
        try await harness.run {
            let live = try harness.open("one")
            for number in 0..<2 { _ = await GatewayHarness.carry(live, Int64(number)) }
            let during = Scrape(harness.registry.render())
            #expect(during.samples["livepeer_stream_created_total" + base] == 1)
            #expect(during.samples["livepeer_stream_started_total" + base] == 1)
            #expect(during.samples["livepeer_stream_ended_total" + base] == 0)
            #expect(during.samples["livepeer_current_sessions_total" + base] == 1)
        }
        let after = Scrape(harness.registry.render())
        #expect(after.samples["livepeer_segment_source_emerged_total" + base] == 2)
        #expect(after.samples["livepeer_segment_transcoded_downloaded_total" + base] == 2)
        #expect(after.samples["livepeer_orchestrator_swaps" + base] == 1)
        #expect(after.samples[#"livepeer_transcode_retried{node_id="node",node_type="bctr",try="1"}"#] == 1)
        #expect(
            after.samples[#"livepeer_segment_transcode_failed_total{node_id="node",node_type="bctr",error_code="Transcode"}"#] == 1)
        #expect(after.samples["livepeer_stream_ended_total" + base] == 1)
        #expect(after.samples["livepeer_current_sessions_total" + base] == 0)
    }

    private static func successRate(_ harness: GatewayHarness) -> Double? {
        Scrape(harness.registry.render()).samples[#"livepeer_success_rate{node_id="node",node_type="bctr"}"#]
    }

    @Test(arguments: [(1, 0), (2, 0.5), (30, 29.0 / 30), (31, 1)])
    func theSuccessRateLooksAtThirtySegmentsOfAStream(segments: Int, rate: Double) async throws {
        let harness = GatewayHarness(["a": [.fail(SegmentFailure(.mediaUnusable, "no")), .answer(GatewayHarness.rendition)]])
        try await harness.run {
            let live = try harness.open("one")
            for number in 0..<segments {
                _ = await GatewayHarness.carry(live, Int64(number))
                // A segment is counted after its end was told; the first must be, before others are.
                while number == 0, Self.successRate(harness) != 0 { await Task.yield() }
            }
        }
        #expect(Self.successRate(harness) == rate)
    }
}
