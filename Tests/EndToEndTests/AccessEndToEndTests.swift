import Foundation
import Testing

/// Tokens, quotas and other renditions with real publishers and players.
@Suite(.serialized, .timeLimit(.minutes(4))) struct AccessEndToEndTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-access-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func file(_ name: String, _ text: String) throws -> String {
        let path = folder.appendingPathComponent(name).path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func code(_ arguments: [String]) async throws -> String {
        try await Program.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "20"] + arguments)
    }

    /// FFmpeg plays for a while and says how many pictures it had.
    private func played(_ url: String, frames: Int = 30) async throws -> Int {
        let text = try await Program.run([
            "timeout", "40", "ffprobe", "-v", "error", "-rw_timeout", "8000000", "-select_streams", "v:0", "-read_intervals",
            "%+#\(frames)",
            "-show_entries", "packet=pts_time", "-of", "csv=p=0", url,
        ])
        return text.split(separator: "\n").count { Double($0.split(separator: ",")[0]) != nil }
    }

    @Test func publishersAndPlayersShowTheirTokens() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let secret = try file("secret", "a secret of thirty-two bytes and more\n")
        let config = try file(
            "gateway.yaml",
            """
            jwt: {secretFile: \(secret), audience: sluice}
            publishers: {auth: token}
            viewers: {auth: token}
            profiles: P144p30fps16x9
            """)
        func token(_ claims: String, life: Int = 600) async throws -> String {
            try await TokenMaker.token(claims, secret: secret, life: life)
        }
        let gateway = try await RunningGateway(["--config", config])
        let (publish, view) = (try await token(#"{"publish": "cam"}"#), try await token(#"{"view": "cam"}"#))
        for bad in [
            "cam", "cam?token=\(view)", "other?token=\(publish)", "cam?token=\(try await token(#"{"publish": "cam"}"#, life: -60))",
        ] {
            let stranger = try gateway.publish(bad, seconds: 2, size: "320x180")
            #expect(await stranger.status() != 0, "\(bad)")
        }
        let friend = try gateway.publish("cam?token=\(publish)", seconds: 30, size: "320x180")
        _ = try await eventually("a rendition") {
            let text = try await Program.run(["curl", "-sL", "--max-time", "5", "\(gateway.http)/stream/cam.m3u8?token=\(view)"])
            return text.contains("P144p30fps16x9") ? true : nil
        }
        for folder in ["stream", "ll"] {
            #expect(try await code(["\(gateway.http)/\(folder)/cam.m3u8"]) == "401")
            #expect(try await code(["\(gateway.http)/\(folder)/cam.m3u8?token=\(publish)"]) == "403")
            // A stock player, by a redirect and relative names.
            #expect(try await played("\(gateway.http)/\(folder)/cam.m3u8?token=\(view)") >= 20, "\(folder)")
        }
        #expect(try await played("\(gateway.rtmp)/live/cam?token=\(view)") >= 20)
        #expect(try await played("\(gateway.rtmp)/live/cam") == 0)
        #expect(!gateway.program.text.contains(view) && !gateway.program.text.contains(publish), "no token in the log")
        friend.killAtOnce()
    }

    @Test func otherRenditionsComeAndGoUnderALivePublisher() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let config = try file(
            "gateway.yaml", "profiles: P144p30fps16x9\nplaylistWindow: 40\nlowLatency: {window: 40}\nsegmentTargetMs: 1000\n")
        let gateway = try await RunningGateway(["--config", config])
        let publisher = try gateway.publish("cam", seconds: 24, size: "320x180")
        func patch(_ body: String) async throws -> String {
            try await code(["-X", "PATCH", "-d", body, "\(gateway.admin)/api/v1/streams/cam"])
        }
        func listed(_ folder: String, _ name: String) async throws -> Bool {
            try await gateway.get("/\(folder)/cam.m3u8").contains("cam/\(name).m3u8")
        }
        for folder in ["stream", "ll"] {
            _ = try await eventually("144p at \(folder)") { try await listed(folder, "P144p30fps16x9") ? true : nil }
        }
        #expect(try await patch(#"{"add": [{"name": "tiny", "width": 128, "height": 72, "bitrate": 90000}]}"#) == "200")
        for folder in ["stream", "ll"] { _ = try await eventually("tiny at \(folder)") { try await listed(folder, "tiny") ? true : nil } }
        // FFmpeg knows no parts, and takes a playlist without a whole segment for empty.
        _ = try await eventually("whole segments") {
            MediaPlaylist(try await gateway.get("/ll/cam/tiny.m3u8")).flatMap { $0.uris.count > 1 ? true : nil }
        }
        #expect(try await played("\(gateway.http)/ll/cam/tiny.m3u8") >= 20)
        #expect(
            try await patch(#"{"remove": ["P144p30fps16x9"], "add": [{"name": "tiny", "width": 96, "height": 54, "bitrate": 60000}]}"#)
                == "200")
        for folder in ["stream", "ll"] {
            _ = try await eventually("no 144p at \(folder)") { try await listed(folder, "P144p30fps16x9") ? nil : true }
            _ = try await eventually("the other tiny at \(folder)") {
                try await gateway.get("/\(folder)/cam.m3u8").contains("RESOLUTION=96x54") ? true : nil
            }
        }
        #expect(await publisher.status() == 0, "\(publisher.text)")
        let (source, tiny) = (try await gateway.ended("cam", "source"), try await gateway.ended("cam", "tiny"))
        #expect(source.gaps == 0 && source.discontinuities == 0, "the source is not touched")
        #expect(tiny.gaps == 0 && tiny.discontinuities == 1 && tiny.uris.count > 5 && tiny.uris.count < source.uris.count)
        #expect(tiny.uris.last?.split(separator: "/").last == source.uris.last?.split(separator: "/").last)
        // Every segment of the source has all of its pictures, also where the renditions changed.
        var frames = 0
        for uri in source.uris {
            let text = try await gateway.probe("cam", uri, "nb_read_frames")["nb_read_frames"] ?? ""
            frames += Int(text) ?? 0
        }
        #expect(frames >= 24 * 30 - 1, "\(frames)")
        let low = try #require(MediaPlaylist(try await gateway.get("/ll/cam/tiny.m3u8")))
        #expect(low.gaps == 0 && low.discontinuities == 1)
    }

    @Test func whenTheMoneyOfTheDayIsSpentRenditionsEndAndTheSourceGoesOn() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let port = try await RunningOrchestrator.freePort()
        let orchestrator = try await RunningOrchestrator(port: port, settings: "pricing:\n  base: [\"transcode = 100 wei per pixel\"]\n")
        // A segment of one second at 256x144 and 30 frames costs 110592000 wei.
        let config = try file(
            "gateway.yaml",
            """
            profiles: P144p30fps16x9
            orchestrators: ["127.0.0.1:\(port)"]
            segmentTargetMs: 1000
            playlistWindow: 40
            marketplace: {registry: \(folder.path)/registry.sqlite}
            tenants:
              acme: {streams: [acme-], quota: {moneyPerDay: 0.3 gwei}}
            """)
        let gateway = try await RunningGateway(["--config", config])
        let publisher = try gateway.publish("acme-cam", seconds: 14, size: "320x180")
        func quota() async throws -> String { try await Program.run(["curl", "-s", "\(gateway.admin)/api/v1/tenants/acme"]) }
        _ = try await eventually("it is spent") { try await quota().contains("\"isSpent\":true") ? true : nil }
        let second = try gateway.publish("acme-second", seconds: 3, size: "320x180")
        #expect(await second.status() != 0)
        #expect(await publisher.status() == 0, "the publisher goes on: \(publisher.text)")
        let (source, rendition) = (try await gateway.ended("acme-cam", "source"), try await gateway.ended("acme-cam", "P144p30fps16x9"))
        #expect(source.uris.count >= 13 && source.gaps == 0)
        #expect(rendition.uris.count == source.uris.count && rendition.gaps >= 5 && rendition.gaps <= source.uris.count - 2, "\(rendition)")
        gateway.program.terminate()
        _ = await gateway.program.status()
        // The books remember.
        let again = try await RunningGateway(["--config", config])
        _ = try await eventually("it is still spent") {
            try await Program.run(["curl", "-s", "\(again.admin)/api/v1/tenants/acme"]).contains("\"isSpent\":true") ? true : nil
        }
        let refused = try again.publish("acme-third", seconds: 2, size: "320x180")
        #expect(await refused.status() != 0)
        #expect(again.program.text.contains("has spent its 300000000 wei of today"), "\(again.program.text)")
        orchestrator.program.killAtOnce()
    }

    @Test func aGigabyteIsRefusedAndNothingElseNoticesIt() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let gateway = try await RunningGateway()
        func sent(_ method: String, _ url: String) async throws -> String {
            let curl = "curl -s -o /dev/null -w %{http_code} -X \(method) -T -"
            return try await Program.run(["sh", "-c", "head -c 1073741824 /dev/zero | timeout 60 \(curl) \(url)"])
        }
        let began = ContinuousClock.now
        #expect(try await sent("PATCH", "\(gateway.admin)/api/v1/sla").hasPrefix("413"))
        #expect(try await sent("POST", "\(gateway.http)/live/cam/0.ts").hasPrefix("413"))
        #expect(began.duration(to: .now) < .seconds(60))
        #expect(try await code(["\(gateway.admin)/api/v1/sla"]) == "200")
        #expect(try await code(["\(gateway.http)/healthz"]) == "200")
    }

    @Test(arguments: [("bash", "complete -o filenames -F"), ("zsh", "#compdef sluice"), ("fish", "complete -c 'sluice'")])
    func completionScriptsAreMade(shell: String, mark: String) async throws {
        try? FileManager.default.removeItem(at: folder)
        let text = try await Program.run([SluiceBinary.path, "--generate-completion-script", shell])
        #expect(text.contains(mark) && text.contains("orchestrator") && text.contains("--config"), "\(text.prefix(300))")
    }
}
