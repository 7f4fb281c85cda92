import Foundation
import Testing

/// The console in real Chromium, driven by Playwright; scripts/test installs both.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ConsoleTests {
    private static let token = "a-token-of-the-console-test"
    private static let scenario = """
        about: Two that are well, and one that is slow.
        duration: 10m
        streams:
          - {count: 2, segmentDuration: 2s, bitrate: 1Mbit, renditions: [256x144@30/400k], startsOver: 1s}
        orchestrators:
          - name: swift
            price: 1200
            service: {pixelsPerSecond: 200M, lanes: 8}
            network: {roundTrip: 5ms, bandwidth: 500Mbit}
          - name: steady
            price: 700
            service: {pixelsPerSecond: 150M, lanes: 8}
            network: {roundTrip: 15ms, bandwidth: 200Mbit}
          - name: slug
            price: 90
            service: {pixelsPerSecond: 1M, fixed: 400ms, lanes: 4}
            network: {roundTrip: 100ms, bandwidth: 50Mbit}
        """

    @Test func anOperatorSeesSteersAndSurvivesARestart() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-console-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // From elsewhere, without the folder it was built in: the page must be inside.
        let binary = folder.appendingPathComponent("moved").path
        try FileManager.default.copyItem(atPath: SluiceBinary.path, toPath: binary)
        let (scenario, ready) = (folder.appendingPathComponent("play.yaml"), folder.appendingPathComponent("ready.json"))
        try Data(Self.scenario.utf8).write(to: scenario)
        let play = try Program([
            SluiceBinary.path, "orchestrator", "--script", scenario.path, "--port", "0", "--admin-port", "0", "--ready-file", ready.path,
        ])
        let there = try await eventually("the play is ready") {
            if !play.isRunning { throw Waited(description: "the play ended: \(play.text)") }
            return (try? Data(contentsOf: ready)).flatMap { try? JSONDecoder().decode(Play.Ready.self, from: $0) }
        }
        let settings = folder.appendingPathComponent("gateway.yaml")
        let listed = there.orchestrators.map { "  - {address: \"\($0.uri)\", operator: \($0.name)}" }.joined(separator: "\n")
        let (rtmp, http, admin) = (
            try await RunningOrchestrator.freePort(), try await RunningOrchestrator.freePort(), try await RunningOrchestrator.freePort()
        )
        try Data(
            """
            rtmp: {port: \(rtmp)}
            http: {port: \(http)}
            admin: {port: \(admin), tokens: [{role: admin, name: test, token: \(Self.token)}]}
            profiles: P144p30fps16x9
            orchestrators:
            \(listed)
            """.utf8
        ).write(to: settings)
        let address = "http://127.0.0.1:\(admin)"
        func start() async throws -> Program {
            let gateway = try Program([binary, "gateway", "--config", settings.path])
            _ = try await eventually("gateway starts") {
                if !gateway.isRunning { throw Waited(description: "the gateway ended: \(gateway.text)") }
                return gateway.text.contains("Ctrl-C") ? true : nil
            }
            return gateway
        }
        func publish() throws -> [Program] {
            try ["cam-1", "cam-2"].map { name in
                try Program([
                    "ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi",
                    "-i",
                    "sine=sample_rate=48000", "-t", "240", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "60",
                    "-b:v", "200k", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", "rtmp://127.0.0.1:\(rtmp)/live/\(name)",
                ])
            }
        }
        func order(_ body: String) async throws -> String {
            try await Program.run([
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PATCH", "-H", "Authorization: Bearer \(Self.token)", "-d",
                body,
                "\(address)/api/v1/streams/cam-1/sla",
            ])
        }

        var gateway = try await start()
        var publishers = try publish()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("console.py").path
        let pictures = ProcessInfo.processInfo.environment["CONSOLE_PICTURES"] ?? folder.path
        let browser = try BrowserScript(
            [script, "\(address)/console/", Self.token, pictures], log: folder.appendingPathComponent("browser.log"))
        for what in ["signed in", "plays", "updates", "names the slow one"] { try await browser.saw(what) }
        try await browser.saw("promised 80")
        let level = try await Program.run([
            "curl", "-s", "-H", "Authorization: Bearer \(Self.token)", "\(address)/api/v1/streams/cam-1/sla",
        ])
        #expect(level.contains(#""latency":"80%""#), "\(level)")
        try await browser.saw("moved")
        #expect(try await order(#"{"latency": "155%"}"#) == "200")
        try browser.tell("changed")
        for what in ["told of the other operator", "drained and let back", "fits", "ready for the restart"] { try await browser.saw(what) }

        // SIGTERM with a console open: it must not hold up the end.
        let asked = ContinuousClock.now
        gateway.terminate()
        #expect(await gateway.status() == 0, "\(gateway.text)")
        #expect(asked.duration(to: .now) < .seconds(9), "an open console holds up the end")
        for publisher in publishers { _ = await publisher.status() }
        try browser.tell("gone")
        try await browser.saw("saw it go")
        gateway = try await start()
        publishers = try publish()
        try browser.tell("back")
        for what in ["plays again", "keyboard", "no fault"] { try await browser.saw(what) }
        for publisher in publishers { publisher.killAtOnce() }
        gateway.terminate()
        #expect(await gateway.status() == 0)
        play.killAtOnce()
    }
}
