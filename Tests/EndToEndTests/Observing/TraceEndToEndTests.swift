import Foundation
import Testing

/// Traces of real segments, read by OpenTelemetry's own messages (opentelemetry-proto from PyPI; scripts/test installs it).
@Suite(.serialized, .timeLimit(.minutes(2))) struct TraceEndToEndTests {
    private struct Span: Decodable {
        var service: String
        var trace: String
        var id: String
        var parent: String
        var name: String
        var start: Int64
        var end: Int64
        var attributes: [String: String]
        var fault: String
    }

    private struct Collector {
        let program: Program
        let url: String

        init() async throws {
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("collector.py").path
            let program = try Program(["python3", script])
            let port = try await eventually("the collector starts") {
                if !program.isRunning { throw Waited(description: program.text) }
                return program.text.split(separator: "\n").first { $0.hasPrefix("port ") }?.dropFirst(5)
            }
            self.program = program
            url = "http://127.0.0.1:\(port)"
        }

        func spans() async throws -> [Span] {
            try JSONDecoder().decode([Span].self, from: Data(try await Program.run(["curl", "-s", "\(url)/spans"]).utf8))
        }
    }

    @Test(arguments: ["on", "off"]) func aSegmentsTraceReachesFromItsFirstByteToItsPlaylists(streams: String) async throws {
        let collector = try await Collector()
        let port = try await RunningOrchestrator.freePort()
        let traces = "traces: {endpoint: '\(collector.url)', intervalMs: 200}\n"
        let orchestrator = try await RunningOrchestrator(port: port, settings: traces)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-traces-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(
            (traces + "profiles: P144p30fps16x9\nstreamSegments: \(streams)\nplaylistWindow: 30\norchestrators: ['127.0.0.1:\(port)']\n")
                .utf8
        )
        .write(to: file)
        let gateway = try await RunningGateway(["--config", file.path])
        let publisher = try gateway.publish("cam", seconds: 10, size: "320x180")
        let viewed = try await eventually("a trace is whole") { () -> [Span]? in
            // Viewers of both kinds, so that something is served.
            _ = try await gateway.playlist("cam", "P144p30fps16x9")
            _ = try await gateway.get("/ll/cam/P144p30fps16x9.m3u8")
            let all = try await collector.spans()
            // The third segment, as the first is never streamed.
            guard let root = all.first(where: { $0.name == "segment" && (Int($0.attributes["sluice.sequence"] ?? "") ?? 0) >= 2 }) else {
                return nil
            }
            let spans = all.filter { $0.trace == root.trace }
            let playlists = Set(spans.filter { $0.name == "serve" }.compactMap { $0.attributes["sluice.playlist"] })
            return spans.contains { $0.name == "orchestrate" } && playlists == ["stream", "ll"] ? spans : nil
        }
        func one(_ name: String) throws -> Span {
            let named = viewed.filter { $0.name == name }
            #expect(named.count == 1, "\(name): \(named)")
            return try #require(named.first)
        }
        let root = try one("segment")
        let attempt = try one("attempt")
        #expect(root.parent.isEmpty && root.service == "sluice-gateway" && root.attributes["sluice.stream"] == "cam")
        #expect(try one("orchestrate").service == "sluice-orchestrator")
        #expect(
            try one("orchestrate").parent == attempt.id
                && one("orchestrate").attributes["sluice.streamed"] == (streams == "on" ? "True" : "False"))
        #expect(
            attempt.attributes["sluice.orchestrator"]?.contains("127.0.0.1:\(port)") == true
                && attempt.attributes["sluice.outcome"] == "won")
        #expect(
            Set(viewed.map(\.name)) == [
                "segment", "cut", "list", "route", "attempt", "upload", "work", "download", "reassemble", "package", "serve", "orchestrate",
            ])
        #expect(viewed.allSatisfy { $0.fault.isEmpty })
        for span in viewed where span.parent == root.id && span.name != "serve" {
            #expect(root.start <= span.start && span.end <= root.end, "\(span.name)")
        }
        let ids = Set(viewed.map(\.id))
        #expect(viewed.allSatisfy { $0.parent.isEmpty || ids.contains($0.parent) })
        // About as long as the segment.
        #expect(try one("cut").end - one("cut").start > 500_000_000)
        let detail = try await Program.run(["curl", "-s", "\(gateway.admin)/api/v1/streams/cam"])
        #expect(detail.contains("\"trace\":\"\(root.trace)\""))
        #expect(try await Program.run(["curl", "-s", "\(collector.url)/faults"]) == "[]")
        // Gone, and then back: one line each.
        collector.program.killAtOnce()
        _ = try await eventually("it is said") { gateway.program.text.contains("traces do not go out") ? true : nil }
        #expect(await publisher.status() == 0, "\(publisher.text)")
        let ended = try await gateway.ended("cam", "P144p30fps16x9")
        #expect(ended.gaps == 0)
        #expect(gateway.program.text.components(separatedBy: "traces do not go out").count == 2)
        #expect(orchestrator.program.isRunning)
    }
}
