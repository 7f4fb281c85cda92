import Foundation
import Testing

/// An operator's own server decides who publishes, and as what.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AuthWebhookEndToEndTests {
    private static let server = """
        import http.server, json, sys
        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                url = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["url"]
                sys.stdout.write("asked " + url + "\\n"); sys.stdout.flush()
                if "tok=good" not in url and "/push/" not in url:
                    self.send_response(403); self.end_headers(); return
                body = json.dumps({"manifestID": "granted", "streamKey": "play-key", "presets": ["P144p30fps16x9"], "sla": {"latency": "70%"}}).encode()
                self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
        server = http.server.HTTPServer(("127.0.0.1", 0), Door)
        sys.stdout.write("port " + str(server.server_address[1]) + "\\n"); sys.stdout.flush()
        server.serve_forever()
        """

    @Test func theWebhookNamesTheStreamAndItsProfilesOrSaysNo() async throws {
        let door = try Program(["python3", "-u", "-c", Self.server.replacingOccurrences(of: "\\\\n", with: "\\n")])
        let port = try await eventually("the webhook") {
            door.text.split(separator: "\n").first { $0.hasPrefix("port ") }.flatMap { Int($0.dropFirst(5)) }
        }
        let settings = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-door-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: settings) }
        try Data("authWebhook: http://127.0.0.1:\(port)/auth\n".utf8).write(to: settings)
        let gateway = try await RunningGateway(["--config", settings.path])
        func publish(_ name: String) throws -> Program { try gateway.publish(name, seconds: 10, size: "320x180") }

        let stranger = try publish("cam?tok=bad")
        #expect(await stranger.status() != 0)
        let friend = try publish("cam?tok=good")
        _ = try await eventually("a rendition") { try await gateway.playlist("granted", "P144p30fps16x9") }
        let level = try await Program.run(["curl", "-s", "\(gateway.admin)/routing/sla?stream=granted"])
        #expect(level.contains("\"latency\" : \"70%\""), "\(level)")
        func played(_ name: String) async throws -> String {
            try await Program.run([
                "ffprobe", "-v", "error", "-rw_timeout", "5000000", "-show_entries", "stream=codec_name", "-of", "csv=p=0",
                "\(gateway.rtmp)/live/\(name)",
            ])
        }
        let withKey = try await played("granted/play-key")
        #expect(withKey.contains("h264"), "\(withKey)")
        for name in ["granted", "cam", "granted/other-key"] {
            let text = try await played(name)
            #expect(!text.contains("h264"), "\(name): \(text)")
        }
        #expect(await friend.status() == 0, "\(friend.text)")
        #expect(door.text.contains("asked rtmp://127.0.0.1:") && door.text.contains("/live/cam?tok=good"), "\(door.text)")
        _ = try await gateway.ended("granted", "source")

        func push(_ name: String) async throws -> String {
            try await Program.run([
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@\(SluiceFixture.path("media/av720p30gop2s.ts"))",
                "\(gateway.http)/live/\(name)/0.ts",
            ])
        }
        #expect(try await push("stranger") == "403")
        #expect(try await push("push") == "200")
        #expect(door.text.contains("/live/push/0.ts"))
        door.killAtOnce()
    }
}
