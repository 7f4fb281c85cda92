import Foundation
import Testing

/// Settings that change under a live stream.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SettingsReloadEndToEndTests {
    @Test func aLiveStreamLosesNothingByReloadsGoodAndBad() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-reload-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("profiles: P144p30fps16x9\nplaylistWindow: 30\n".utf8).write(to: file)
        let gateway = try await RunningGateway(["--config", file.path])
        let publisher = try gateway.publish("cam", seconds: 12, size: "320x180")
        _ = try await eventually("a rendition") { try await gateway.playlist("cam", "P144p30fps16x9") }
        func reloads() -> Int { gateway.program.text.components(separatedBy: "by=SIGHUP").count - 1 }
        for (number, text) in [
            "profiles: P144p30fps16x9\nplaylistWindow: 30\nsla: {latency: 80%}\n", "sla: {latency: 80%\n", "nonsense: 1\n",
            "profiles: P144p30fps16x9\nplaylistWindow: 30\nsla: {latency: 70%}\nattempts: 2\n",
        ].enumerated() {
            try Data(text.utf8).write(to: file)
            kill(gateway.program.processIdentifier, SIGHUP)
            _ = try await eventually("reload \(number)") { reloads() > number ? true : nil }
        }
        let level = try await Program.run(["curl", "-s", "\(gateway.admin)/api/v1/streams/cam/sla"])
        #expect(level.contains(#""latency":"70%""#), "\(level)")
        let config = try await Program.run(["curl", "-s", "\(gateway.admin)/api/v1/config"])
        #expect(!config.contains("\"problem\""), "the last one was good")
        #expect(gateway.program.text.contains("nonsense") && gateway.program.text.contains("is not YAML"))
        #expect(await publisher.status() == 0, "\(publisher.text)")
        let (source, rendition) = (try await gateway.ended("cam", "source"), try await gateway.ended("cam", "P144p30fps16x9"))
        #expect(source.uris.count == rendition.uris.count && rendition.gaps == 0 && source.discontinuities + rendition.discontinuities == 0)
    }
}
