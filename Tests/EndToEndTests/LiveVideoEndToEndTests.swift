import Foundation
import Testing

/// A real pytrickle worker behind our orchestrator, through our gateway: what a publisher names a model for comes back worked on.
///
/// Needs pytrickle with av and numpy (scripts/test installs them); a few lines in Fixtures/ai stand in for torch.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LiveVideoEndToEndTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A worker of `examples/`, and the orchestrator in front of it; the model has the worker's name.
    private struct Place {
        let worker: Program
        let workerPort: Int
        let orchestrator: RunningOrchestrator
        var uri: String { "https://127.0.0.1:\(orchestrator.port)" }

        init(_ model: String = "tint") async throws {
            let port = try await RunningOrchestrator.freePort()
            let worker = try Program([
                "env", "PYTHONPATH=\(root.path)/Fixtures/ai", "python3", "-W", "ignore", "\(root.path)/examples/\(model)_worker.py",
                "\(port)",
            ])
            _ = try await eventually("the worker") {
                if !worker.isRunning { throw Waited(description: "the worker ended: \(worker.text)") }
                return try await Self.health(port).contains("IDLE") ? true : nil
            }
            self.worker = worker
            workerPort = port
            orchestrator = try await RunningOrchestrator(
                port: try await RunningOrchestrator.freePort(),
                settings: """
                    runners:
                      list:
                        - {label: \(model), runner_url: "http://127.0.0.1:\(port)", health_url: /health, app: live-video-to-video/\(model), mode: single-shot}

                    """)
        }

        static func health(_ port: Int) async throws -> String {
            try await Program.run(["curl", "-s", "--max-time", "2", "http://127.0.0.1:\(port)/health"])
        }

        func isIdle() async throws -> Bool { try await Self.health(workerPort).contains("IDLE") }

        /// What its programs have said, for a test that waits in vain.
        func free(_ what: String, _ gateway: RunningGateway) async throws {
            do { _ = try await eventually(what) { try await isIdle() ? true : nil } } catch {
                throw Waited(
                    description:
                        "\(error); health \(try await Self.health(workerPort)); worker: \(worker.text.suffix(2000)); orchestrator: \(orchestrator.program.text.suffix(1000)); gateway: \(gateway.program.text.suffix(2000))"
                )
            }
        }
    }

    /// One for which a publisher that vanishes has gone at once: FFmpeg started from here cannot be asked to end, it is killed.
    private func gateway(_ places: [Place], _ liveVideo: String = "{}") async throws -> RunningGateway {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-live-\(UUID().uuidString).yaml")
        try Data("publisherLost: {holdMs: 0}\nliveVideo: \(liveVideo)\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await RunningGateway(
            ["--config", file.path, "--profiles", "none"] + places.flatMap { ["--orchestrator", $0.uri] })
    }

    private func code(_ arguments: [String]) async throws -> String {
        try await Program.run(["curl", "-sk", "--max-time", "5", "-o", "/dev/null", "-w", "%{http_code}"] + arguments)
    }

    private func ours(_ gateway: RunningGateway) async throws -> [String: Any] {
        try await status(gateway)["gateway_status"] as? [String: Any] ?? [:]
    }

    private func status(_ gateway: RunningGateway) async throws -> [String: Any] {
        let text = try await gateway.get("/live/video-to-video/cam/status")
        return (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }

    @Test func whatAModelMakesIsPlayedAndGoesOnWithAnotherWhenItsWorkerDies() async throws {
        let places = [try await Place(), try await Place()]
        let gateway = try await self.gateway(places)
        let publisher = try gateway.publishWhite("cam?pipeline=tint")
        _ = try await eventually("a red picture") {
            try await gateway.colour("cam-out").flatMap { $0.red > 200 && $0.green < 130 ? true : nil }
        }

        let update = try await Program.run([
            "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "{\"tint\":[0.3,1,0.3]}",
            "\(gateway.http)/live/video-to-video/cam/update",
        ])
        #expect(update == "200")
        _ = try await eventually("a green picture") {
            try await gateway.colour("cam-out").flatMap { $0.green > 200 && $0.red < 130 ? true : nil }
        }

        let before = try await status(gateway)
        let uri = try #require((before["orchestrator_info"] as? [String: Any])?["url"] as? String)
        let dying = try #require(places.first { $0.uri == uri })
        let sequence = try #require(try await gateway.playlist("cam-out", "source")).mediaSequence
        dying.worker.killAtOnce()
        _ = try await eventually("the other place") {
            let now = try await status(gateway)
            let isElsewhere = (now["orchestrator_info"] as? [String: Any])?["url"] as? String != uri
            return isElsewhere && (now["gateway_status"] as? [String: Any])?["phase"] as? String == "online" ? true : nil
        }
        // The same playlist goes on; the parameters have come along.
        let playlist = try await eventually("the join in the playlist") {
            try await gateway.playlist("cam-out", "source").flatMap { $0.discontinuities >= 1 && $0.uris.count > 1 ? $0 : nil }
        }
        #expect(playlist.mediaSequence >= sequence && !playlist.isEnded)
        _ = try await eventually("green goes on") {
            try await gateway.colour("cam-out").flatMap { $0.green > 200 && $0.red < 130 ? true : nil }
        }

        publisher.killAtOnce()
        let left = try #require(places.first { $0.uri != uri })
        try await left.free("the worker is told of the end", gateway)
        _ = try await gateway.ended("cam-out", "source")
    }

    @Test func aWorkerIsFreeWhenItsGatewayDiesAndWhenItIsToldTo() async throws {
        let place = try await Place()
        let doomed = try await self.gateway([place])
        let first = try doomed.publishWhite("cam?pipeline=tint")
        _ = try await eventually("work") { try await doomed.colour("cam-out") }
        doomed.program.killAtOnce()
        first.killAtOnce()
        try await place.free("the worker is free", doomed)

        let gateway = try await self.gateway([place])
        let second = try gateway.publishWhite("cam?pipeline=tint")
        _ = try await eventually("a picture") { try await gateway.colour("cam-out") }
        let stop = try await Program.run([
            "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE", "\(gateway.http)/live/video-to-video/cam",
        ])
        #expect(stop == "204")
        try await place.free("the worker is free again", gateway)
        _ = try await gateway.ended("cam-out", "source")
        // The source has lost nothing by it.
        #expect(try await gateway.playlist("cam", "source")?.isEnded == false)
        second.killAtOnce()
    }

    @Test func aModelNobodyHasIsSaidAndTheSourceGoesOn() async throws {
        let place = try await Place()
        let gateway = try await self.gateway([place])
        let publisher = try gateway.publishWhite("cam?pipeline=nosuch")
        _ = try await eventually("the reason") {
            let error = (try await status(gateway)["gateway_status"] as? [String: Any])?["error"] as? [String: Any]
            return (error?["error_message"] as? String)?.contains("no orchestrator has the model 'nosuch'") == true ? true : nil
        }
        _ = try await eventually("the source") { try await gateway.playlist("cam", "source") }
        publisher.killAtOnce()
    }

    /// With one beside it that is fed all the time, a killed worker is hardly seen.
    @Test func aWarmWorkerGoesOnAtOnce() async throws {
        let places = [try await Place(), try await Place()]
        let gateway = try await self.gateway(places, "{standby: warm}")
        let publisher = try gateway.publishWhite("cam?pipeline=tint")
        let before = try await eventually("two at work") {
            let now = try await ours(gateway)
            return now["standby"] != nil && now["pictures"] as? Int ?? 0 > 90 ? try await status(gateway) : nil
        }
        // The standby has to have shown its first picture, too.
        try await ContinuousClock().sleep(for: .seconds(3))
        let uri = try #require((before["orchestrator_info"] as? [String: Any])?["url"] as? String)
        try #require(places.first { $0.uri == uri }).worker.killAtOnce()
        let after = try await eventually("the other on air") {
            let now = try await ours(gateway)
            return now["swaps"] as? Int == 1 ? now : nil
        }
        #expect(after["swap_gap_ms"] as? Double ?? .infinity <= 500)
        _ = try await eventually("red goes on") {
            try await gateway.colour("cam-out").flatMap { $0.red > 200 && $0.green < 130 ? true : nil }
        }
        #expect(try await gateway.playlist("cam-out", "source")?.isEnded == false)
        publisher.killAtOnce()
    }

    /// By trickle, and to another server by RTMP, with the worker's Opus as AAC; a server that goes does not touch the stream.
    @Test func theResultIsReadByTrickleAndPushed() async throws {
        let place = try await Place()
        let gateway = try await self.gateway([place])
        let other = try await RunningGateway(["--profiles", "none"])
        let output = "\(other.rtmp)/live/copy".replacing(":", with: "%3A").replacing("/", with: "%2F")
        let publisher = try gateway.publishWhite("cam?pipeline=tint&rtmpOutput=\(output)")
        _ = try await eventually("a red picture at the other server") {
            try await other.colour("copy").flatMap { $0.red > 200 && $0.green < 130 ? true : nil }
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-trickle-\(UUID().uuidString).ts").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        _ = try await Program.run(["curl", "-s", "--max-time", "10", "-o", file, "\(gateway.http)/ai/trickle/cam-out/-1"])
        let probe = try await Program.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file])
        #expect(probe.contains("h264") && probe.contains("aac"), "\(probe)")
        #expect(try await ours(gateway)["sound"] as? String == "worker")
        #expect(try await code(["-d", "x", "\(gateway.http)/ai/trickle/cam-out/0"]) == "405")

        other.program.killAtOnce()
        _ = try await eventually("its loss is said") {
            let outputs = try await ours(gateway)["outputs"] as? [[String: Any]]
            return outputs?.first?["connected"] as? Bool == false ? true : nil
        }
        let pictures = try await ours(gateway)["pictures"] as? Int ?? 0
        _ = try await eventually("the stream goes on") { try await ours(gateway)["pictures"] as? Int ?? 0 > pictures + 24 ? true : nil }
        publisher.killAtOnce()
    }

    /// Numbers that hung the reference's channels, a second publisher of the name, an update for nobody: the stream goes on.
    @Test func whatIsSentWrongDoesNotTouchTheStream() async throws {
        let place = try await Place("pass")
        let gateway = try await self.gateway([place])
        let publisher = try gateway.publishWhite("cam?pipeline=pass")
        _ = try await eventually("pictures") { try await ours(gateway)["pictures"] as? Int ?? 0 > 24 ? true : nil }
        let asItWas = try await eventually("a segment") { try await gateway.colour("cam-out") }
        #expect(min(asItWas.red, asItWas.green, asItWas.blue) > 200)
        let session = try #require(try await ours(gateway)["session"] as? String)
        for channel in ["", "-out", "-control", "-events"] {
            let url = "\(place.uri)/ai/trickle/\(session)\(channel)"
            for number in ["-3", "-4", "-5", "9007199254740993", "x"] {
                #expect(try await code(["\(url)/\(number)"]) == "400")
                #expect(try await code(["-d", "x", "\(url)/\(number)"]) == "400")
                #expect(try await code(["-X", "DELETE", "\(url)/\(number)"]) == "400")
            }
            #expect(try await code(["-d", "x", "\(url)/-2"]) == "400")
            #expect(try await code(["-X", "DELETE", "\(url)/-1"]) == "400")
        }
        let second = try gateway.publishWhite("cam?pipeline=pass")
        #expect(await second.status() != 0)
        #expect(try await code(["-d", "{}", "\(gateway.http)/live/video-to-video/nosuch/update"]) == "404")
        #expect(try await code(["-d", "[]", "\(gateway.http)/live/video-to-video/cam/update"]) == "400")
        let large = "{\"x\":\"\(String(repeating: "x", count: 32 << 10))\"}"
        #expect(try await code(["-d", large, "\(gateway.http)/live/video-to-video/cam/update"]) == "413")
        let now = try await ours(gateway)
        #expect(now["session"] as? String == session && now["swaps"] as? Int == 0)
        let pictures = now["pictures"] as? Int ?? 0
        _ = try await eventually("the stream goes on") { try await ours(gateway)["pictures"] as? Int ?? 0 > pictures + 24 ? true : nil }
        publisher.killAtOnce()
    }

    /// Whole segments by HTTP are worked on as they come.
    @Test func whatIsPushedByHTTPIsWorkedOn() async throws {
        let place = try await Place()
        let gateway = try await self.gateway([place])
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-push-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try await Program.run([
            "ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "color=c=white:size=320x180:rate=30", "-t", "12", "-c:v",
            "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p", "-f", "segment", "-segment_time",
            "1", "-segment_format", "mpegts", "\(folder.path)/%d.ts",
        ])
        for number in 0..<10 {
            let answer = try await code([
                "--data-binary", "@\(folder.path)/\(number).ts", "\(gateway.http)/live/cam/\(number).ts?pipeline=tint",
            ])
            #expect(answer == "200")
            try await ContinuousClock().sleep(for: .seconds(1))
        }
        _ = try await eventually("a red picture") {
            try await gateway.colour("cam-out").flatMap { $0.red > 200 && $0.green < 130 ? true : nil }
        }
    }
}
