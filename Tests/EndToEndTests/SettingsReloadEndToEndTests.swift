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

    /// Hashes of pictures, in their order: of packets as they are, or decoded.
    private static func hashes(_ input: [String], isDecoded: Bool) throws -> Program {
        try Program(
            ["ffmpeg", "-nostdin", "-loglevel", "error", "-rw_timeout", "15000000"] + input + ["-map", "0:v:0"]
                + (isDecoded ? ["-fps_mode", "passthrough"] : ["-c", "copy"]) + ["-f", "framehash", "-hash", "md5", "-"])
    }

    private static func lines(_ program: Program) -> [String] {
        program.text.split(separator: "\n").filter { $0.hasPrefix("0,") }.map {
            String($0.split(separator: ",").last ?? "").trimmingCharacters(in: .whitespaces)
        }
    }

    @Test func viewersOfLiveStreamsLoseNoPictureByReloads() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-reloads-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (file, secret, film) = (
            folder.appendingPathComponent("gateway.yaml"), folder.appendingPathComponent("secret").path,
            folder.appendingPathComponent("film.flv").path
        )
        try Data("a secret of thirty-two bytes and more\n".utf8).write(to: URL(fileURLWithPath: secret))
        let names = ["cam-1", "cam-2", "cam-3"]
        // Who may publish and watch, what is promised, who works: each time otherwise, and every third with a fault.
        func settings(_ number: Int) -> String {
            """
            profiles: P144p30fps16x9
            playlistWindow: 30
            jwt: {secretFile: \(secret), audience: sluice, leewayMs: \(30000 + number), refreshSeconds: \(600 + number)}
            publishers: {auth: token}
            viewers: {auth: token}
            sla: {latency: \(60 + number)%}
            attempts: \(2 + number % 2)
            maxStreams: \(100 + number)
            tenants: {t\(number): {streams: [t\(number)-]}}
            \(number % 3 == 2 ? "nonsense: 1" : "")
            """
        }
        try Data(settings(0).utf8).write(to: file)
        // One of known pictures, so that what viewers get can be compared with it, bit by bit.
        let made = try Program([
            "ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i",
            "sine=sample_rate=48000", "-t", "30", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-b:v",
            "300k",
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", film,
        ])
        #expect(await made.status() == 0, "\(made.text)")
        let (packets, pictures) = (try Self.hashes(["-i", film], isDecoded: false), try Self.hashes(["-i", film], isDecoded: true))
        #expect(await packets.status() == 0)
        #expect(await pictures.status() == 0)
        let (packetList, pictureList) = (Self.lines(packets), Self.lines(pictures))
        #expect(packetList.count == 900 && pictureList.count == 900)

        let gateway = try await RunningGateway(["--config", file.path])
        let (publish, view) = (
            try await TokenMaker.token(#"{"publish": "cam-*"}"#, secret: secret),
            try await TokenMaker.token(#"{"view": "cam-*"}"#, secret: secret)
        )
        let publishers = try names.map { name in
            try Program([
                "ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-i", film, "-c", "copy", "-f", "flv",
                "\(gateway.rtmp)/live/\(name)?token=\(publish)",
            ])
        }
        for name in names {
            _ = try await eventually("\(name) is listed") {
                MediaPlaylist(try await gateway.get("/t/\(view)/stream/\(name)/P144p30fps16x9.m3u8")).flatMap {
                    $0.uris.isEmpty ? nil : true
                }
            }
        }
        let viewers = try names.map { name in
            (
                name: name, rtmp: try Self.hashes(["-i", "\(gateway.rtmp)/live/\(name)?token=\(view)"], isDecoded: false),
                hls: try Self.hashes(
                    ["-live_start_index", "0", "-i", "\(gateway.http)/t/\(view)/stream/\(name)/source.m3u8"], isDecoded: true)
            )
        }
        func count(_ mark: String) -> Int { gateway.program.text.components(separatedBy: mark).count - 1 }
        for number in 1...9 {
            try Data(settings(number).utf8).write(to: file, options: .atomic)
            kill(gateway.program.processIdentifier, SIGHUP)
            _ = try await eventually("reload \(number)") {
                let config = try await Program.run(["curl", "-s", "\(gateway.admin)/api/v1/config"])
                let isTaken = config.contains(#""value":"\#(60 + number)%""#)
                return number % 3 == 2
                    ? (config.contains("nonsense") ? true : nil) : (isTaken && !config.contains(#""problem""#) ? true : nil)
            }
            try await ContinuousClock().sleep(for: .milliseconds(400))
        }
        #expect(publishers.allSatisfy { $0.isRunning }, "the reloads were while the streams were live")
        for publisher in publishers { #expect(await publisher.status() == 0, "\(publisher.text)") }
        for viewer in viewers {
            #expect(await viewer.hls.status() == 0, "\(viewer.hls.text.suffix(500))")
            let (rtmp, hls) = (await Self.finished(viewer.rtmp), Self.lines(viewer.hls))
            #expect(rtmp.count > 100 && rtmp == Array(packetList.suffix(rtmp.count)), "\(viewer.name) by RTMP: \(rtmp.count) packets")
            #expect(hls == pictureList, "\(viewer.name) by HLS: \(hls.count) pictures of \(pictureList.count)")
        }
        #expect(count("a token is needed") == 0 && gateway.program.isRunning)
    }

    private static func finished(_ program: Program) async -> [String] {
        _ = await program.status()
        return lines(program)
    }
}
