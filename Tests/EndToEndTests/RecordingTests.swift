import Foundation
import Testing

/// What a live gateway writes down can be used: its recording replays, also cut in the middle, and its decision log is read.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RecordingTests {
    @Test func aLiveRecordingReplaysAndSoDoesOneThatWasCut() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-recording-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let trace = folder.appendingPathComponent("live.jsonl")
        let settings = folder.appendingPathComponent("gateway.yaml")
        let log = folder.appendingPathComponent("decisions.jsonl")
        try Data("decisionLog: \(log.path)\ndecisionLogStart: off\n".utf8).write(to: settings)
        let gateway = try await RunningGateway([
            "--config", settings.path, "--profiles", "P144p30fps16x9", "--record", trace.path,
        ])
        let switched = try await Program.run(["curl", "-s", "-X", "POST", "\(gateway.admin)/routing/log?state=on"])
        #expect(switched.contains("\"isOn\" : true"), "\(switched)")
        let publisher = try gateway.publish("cam", seconds: 12, size: "320x180")
        // While it runs: what it has measured is a world that other settings can be tried in.
        _ = try await eventually("five segments") {
            let text = try await Program.run(["curl", "-s", "\(gateway.admin)/metrics"])
            return text.contains("sluice_route_decisions_total{reason=\"stay\"} 4") ? true : nil
        }
        let sweep = try await Program.run([
            SluiceBinary.path, "simulate", "--gateway", gateway.admin, "--sweep", "latency=0.3..1.0/2", "--policy", "default", "--seeds",
            "2",
            "--duration", "1m",
        ])
        #expect(sweep.contains("what latency costs") && sweep.contains("1 stream of 2 s segments on 1 orchestrator"), "\(sweep)")
        let level = try await Program.run([
            "curl", "-s", "-X", "POST", "-d", "{\"gpuClasses\": [\"workstation\"]}", "\(gateway.admin)/routing/sla?stream=cam",
        ])
        #expect(level.contains("\"isMet\" : false") && level.contains("the nearest that can be kept: gpuClasses any"), "\(level)")
        let explained = try await Program.run([SluiceBinary.path, "explain", "cam", "--admin", gateway.admin])
        #expect(explained.contains("what is promised cannot be kept: none of 1 orchestrators keeps it"), "\(explained)")
        _ = try await Program.run(["curl", "-s", "-X", "POST", "-d", "{\"gpuClasses\": []}", "\(gateway.admin)/routing/sla?stream=cam"])
        #expect(await publisher.status() == 0, "\(publisher.text)")
        _ = try await gateway.ended("cam", "source")
        gateway.program.terminate()
        #expect(await gateway.program.status() == 0, "\(gateway.program.text)")

        let lines = try String(contentsOf: trace, encoding: .utf8).split(separator: "\n")
        #expect(lines.count >= 5)
        let whole = try await simulate(trace)
        #expect(whole.contains("Replay of \(lines.count) recorded attempts"), "\(whole)")
        #expect(!whole.contains("is cut"))
        try Data(lines.joined(separator: "\n").utf8.dropLast(50)).write(to: trace)
        let cut = try await simulate(trace)
        #expect(cut.contains("the trace is cut at line \(lines.count)"), "\(cut)")
        #expect(cut.contains("Replay of \(lines.count - 1) recorded attempts"), "\(cut)")
        let decisions = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
        #expect(decisions.count >= 5 && decisions.allSatisfy { $0.contains("\"stream\":\"cam\"") })
    }

    private func simulate(_ trace: URL) async throws -> String {
        try await Program.run([SluiceBinary.path, "simulate", trace.path, "--policy", "reference", "--seeds", "1"])
    }
}
