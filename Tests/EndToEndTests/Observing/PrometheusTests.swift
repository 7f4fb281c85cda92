import Foundation
import Testing

/// Prometheus itself (Debian's package, which scripts/test installs) reads a running gateway.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PrometheusTests {
    private static let token = "a-token-of-the-scrape-test"

    @Test func prometheusScrapesARunningGateway() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-prometheus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let settings = folder.appendingPathComponent("gateway.yaml")
        try Data("profiles: P144p30fps16x9\nadmin: {tokens: [{role: read, name: prometheus, token: \(Self.token)}]}\n".utf8).write(
            to: settings)
        let gateway = try await RunningGateway(["--config", settings.path])
        let publisher = try gateway.publish("cam", seconds: 60, size: "320x180")
        let rules = folder.appendingPathComponent("prometheus.yml")
        try Data(
            """
            scrape_configs:
              - job_name: sluice
                scrape_interval: 500ms
                authorization: {credentials: \(Self.token)}
                static_configs: [{targets: ['\(gateway.admin.replacing("http://", with: ""))']}]
            """.utf8
        ).write(to: rules)
        let port = try await RunningOrchestrator.freePort()
        let prometheus = try Program([
            "prometheus", "--config.file=\(rules.path)", "--storage.tsdb.path=\(folder.path)/data",
            "--web.listen-address=127.0.0.1:\(port)",
        ])
        struct Answer: Decodable {
            struct Found: Decodable {
                struct Series: Decodable { var metric: [String: String] }
                var result: [Series]
            }
            var data: Found
        }
        func ask(_ query: String) async throws -> [[String: String]] {
            if !prometheus.isRunning { throw Waited(description: "prometheus ended: \(prometheus.text.suffix(2000))") }
            let text = try await Program.run([
                "curl", "-s", "-G", "http://127.0.0.1:\(port)/api/v1/query", "--data-urlencode", "query=\(query)",
            ])
            return (try? JSONDecoder().decode(Answer.self, from: Data(text.utf8)))?.data.result.map(\.metric) ?? []
        }
        for query in [
            "up == 1", "sluice_segments_total > 2", "sluice_segment_rendition_seconds_count > 1", "livepeer_current_sessions_total == 1",
            "sluice_attempt_finish_seconds_count > 1", "histogram_quantile(0.9, sluice_segment_published_seconds_bucket) > 0",
            "rate(sluice_source_bytes_total[10s]) > 0",
        ] {
            _ = try await eventually(query, within: .seconds(30)) { try await ask(query).isEmpty ? nil : true }
        }
        #expect(try await ask("sluice_attempt_finish_seconds_count").allSatisfy { $0["orchestrator"] == "embedded" && $0["class"] != nil })
        // The linter of the format has nothing to say of what would not be read.
        let scrape = folder.appendingPathComponent("metrics")
        _ = try await Program.run([
            "curl", "-s", "-o", scrape.path, "-H", "Authorization: Bearer \(Self.token)", "\(gateway.admin)/metrics",
        ])
        let check = try Program(["sh", "-c", "promtool check metrics < '\(scrape.path)'"])
        let status = await check.status()
        // 3 is advice on names, which are the reference's own; 1 is what Prometheus could not read.
        #expect(status == 0 || status == 3, "\(check.text)")
        #expect(!check.text.contains("error while linting"), "\(check.text)")
        #expect(check.text.split(separator: "\n").allSatisfy { $0.hasPrefix("livepeer_") }, "advice on our own: \(check.text)")
        publisher.killAtOnce()
    }
}
