import Foundation
import Testing

/// BYOC streams with a real pytrickle worker, which registers itself as a capability: begun by a call, fed by FFmpeg, told and ended by calls.
@Suite(.serialized, .timeLimit(.minutes(2))) struct CapabilityStreamEndToEndTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A worker behind an orchestrator of its own.
    private struct Place {
        let worker: Program
        let workerPort: Int
        let orchestrator: RunningOrchestrator
        var uri: String { "https://127.0.0.1:\(orchestrator.port)" }

        init() async throws {
            let orchestrator = try await RunningOrchestrator(
                port: try await RunningOrchestrator.freePort(), settings: "runners: {secret: s3cret}\n")
            let port = try await RunningOrchestrator.freePort()
            let worker = try Program([
                "env", "PYTHONPATH=\(root.path)/Fixtures/ai", "ORCH_URL=https://127.0.0.1:\(orchestrator.port)", "ORCH_SECRET=s3cret",
                "CAPABILITY_NAME=brightness", "CAPABILITY_URL=http://127.0.0.1:\(port)", "python3", "-W", "ignore",
                "\(root.path)/examples/brightness_worker.py", "\(port)",
            ])
            self.orchestrator = orchestrator
            self.worker = worker
            workerPort = port
            _ = try await eventually("the worker is registered") { () async throws -> Bool? in
                if !worker.isRunning { throw Waited(description: "the worker ended: \(worker.text)") }
                guard try await health().contains("IDLE") else { return nil }
                return try await Program.run(["curl", "-sk", "--max-time", "2", "\(uri)/discovery"]).contains("brightness") ? true : nil
            }
        }

        func health() async throws -> String {
            try await Program.run(["curl", "-s", "--max-time", "2", "http://127.0.0.1:\(workerPort)/health"])
        }

        func free(within limit: Duration) async throws {
            _ = try await eventually("the worker is free", within: limit) { try await health().contains("IDLE") ? true : nil }
        }
    }

    private struct Answer {
        var status: Int
        var body: String
        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:] }
    }

    private struct Scene {
        let places: [Place]
        let gateway: RunningGateway

        init(places count: Int = 1, _ liveVideo: String = "{}", http: String = "") async throws {
            var places: [Place] = []
            for _ in 0..<count { places.append(try await Place()) }
            self.places = places
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-byoc-\(UUID().uuidString).yaml")
            try Data("publisherLost: {holdMs: 0}\nliveVideo: \(liveVideo)\n\(http)".utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            let gateway = try await RunningGateway(
                ["--config", file.path, "--profiles", "none"] + places.flatMap { ["--orchestrator", $0.uri] })
            self.gateway = gateway
            _ = try await eventually("the gateway knows the workers") {
                try await gateway.get("/discovery").components(separatedBy: "\"brightness\"").count > count ? true : nil
            }
        }

        func ask(_ method: String, _ path: String, header: String? = nil, _ body: [String] = []) async throws -> Answer {
            let field = header.map { ["-H", "Livepeer: \($0)"] } ?? []
            let text = try await Program.run(
                ["curl", "-s", "--max-time", "15", "-X", method, "-w", "\n%{http_code}"] + field + body + [gateway.http + path])
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return Answer(status: Int(lines.last ?? "") ?? 0, body: lines.dropLast().joined(separator: "\n"))
        }

        func start(
            _ name: String = "s1", id: String = "cap1", header: String = CapabilityStreamEndToEndTests.header(), more: String = ""
        ) async throws -> Answer {
            try await ask(
                "POST", "/process/stream/start", header: header, ["-d", "{\"stream_name\":\"\(name)\",\"stream_id\":\"\(id)\"\(more)}"])
        }

        func status(_ stream: String = "s1-cap1") async throws -> Answer { try await ask("GET", "/process/stream/\(stream)/status") }

        /// What an endless answer says within some seconds.
        func watch(_ path: String, seconds: Int) async throws -> String {
            try await Program.run(["curl", "-sN", "--max-time", "\(seconds)", gateway.http + path])
        }
    }

    private static func header(
        _ capability: String = "brightness", legs: [String] = ["video_ingress", "video_egress", "data_output"], timeout: Int = 10
    ) -> String {
        let parameters = "{" + legs.map { "\\\"enable_\($0)\\\":true" }.joined(separator: ",") + "}"
        let text = "{\"request\":\"{}\",\"parameters\":\"\(parameters)\",\"capability\":\"\(capability)\",\"timeout_seconds\":\(timeout)}"
        return Data(text.utf8).base64EncodedString()
    }

    @Test func aStreamIsBegunFedToldReadAndStopped() async throws {
        let scene = try await Scene()
        let (gateway, place) = (scene.gateway, scene.places[0])
        let started = try await scene.start(more: ",\"params\":\"{\\\"tint\\\":[1,0.3,0.3]}\"")
        try #require(started.status == 200, "\(started); \(gateway.program.text.suffix(2000))")
        let urls = started.json.compactMapValues { $0 as? String }
        #expect(urls["stream_id"] == "s1-cap1" && urls["whip_url"] == "" && urls["whep_url"] == "" && urls["rtmp_output_url"] == "")
        #expect(urls["rtmp_url"] == "\(gateway.rtmp)/live/s1-cap1")
        for verb in ["update", "status", "data", "stop", "events"] {
            #expect(urls["\(verb)_url"] == "\(gateway.http)/process/stream/s1-cap1/\(verb)")
        }
        #expect(try await place.health().contains("IDLE") == false)

        let publisher = try gateway.publishWhite("s1-cap1")
        _ = try await eventually("a red picture") { try await gateway.isRed("s1-cap1-out") }
        #expect(try await RunningGateway.colour(of: "\(gateway.http)/ll/s1-cap1-out.m3u8").map { $0.red > 200 && $0.green < 130 } == true)
        let piece = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-trickle-\(UUID().uuidString).ts").path
        defer { try? FileManager.default.removeItem(atPath: piece) }
        _ = try await Program.run(["curl", "-s", "--max-time", "10", "-o", piece, "\(gateway.http)/ai/trickle/s1-cap1-out/-1"])
        #expect(try await RunningGateway.colour(of: piece).map { $0.red > 200 && $0.green < 130 } == true)

        let now = try await scene.status()
        #expect(now.json["orchestrator"] as? String == place.uri && now.json["whep_url"] as? String == "")
        #expect((now.json["gateway_status"] as? [String: Any])?["phase"] as? String == "online", "\(now)")

        let update = try await scene.ask(
            "POST", "/process/stream/s1-cap1/update", header: Self.header(), ["-d", "{\"tint\":[0.3,1,0.3]}"])
        #expect(update.status == 200 && update.json["message"] as? String == "Parameters updated successfully", "\(update)")
        _ = try await eventually("a green picture") { try await gateway.isGreen("s1-cap1-out") }

        let data = try await scene.watch("/process/stream/s1-cap1/data", seconds: 4)
        #expect(data.contains("data: [\"{\\\"frame\\\": "), "\(data)")
        let events = try await scene.watch("/process/stream/s1-cap1/events", seconds: 2)
        #expect(events.contains("event: status\ndata: {") && events.contains("params_updated"), "\(events)")

        // Who reads hears of the end.
        let reader = try Program(["curl", "-sN", "--max-time", "10", "\(gateway.http)/process/stream/s1-cap1/data"])
        _ = try await eventually("data") { reader.text.contains("data: ") ? true : nil }
        let began = ContinuousClock.now
        let stop = try await scene.ask("POST", "/process/stream/s1-cap1/stop")
        #expect(stop.status == 200 && stop.json["message"] as? String == "Stream stopped successfully", "\(stop)")
        try await place.free(within: .seconds(1) - began.duration(to: .now))
        #expect(await reader.status() == 0)
        #expect(reader.text.hasSuffix("event: end\ndata: {}\n\n"), "\(reader.text.suffix(300))")
        _ = try await eventually("it is gone") { try await scene.status().status == 404 ? true : nil }
        // The source goes on.
        #expect(try await gateway.playlist("s1-cap1", "source")?.isEnded == false)
        _ = try await gateway.ended("s1-cap1-out", "source")
        publisher.killAtOnce()
    }

    /// Its parameters come along, and the playlist goes on.
    @Test func aStreamGoesOnWithAnotherWorkerAndEndsWithItsPublisher() async throws {
        let scene = try await Scene(places: 2)
        let gateway = scene.gateway
        #expect(try await scene.start().status == 200)
        let publisher = try gateway.publishWhite("s1-cap1")
        _ = try await eventually("a red picture") { try await gateway.isRed("s1-cap1-out") }
        _ = try await scene.ask("POST", "/process/stream/s1-cap1/update", header: Self.header(), ["-d", "{\"tint\":[0.3,1,0.3]}"])
        _ = try await eventually("a green picture") { try await gateway.isGreen("s1-cap1-out") }
        let uri = try #require(try await scene.status().json["orchestrator"] as? String)
        try #require(scene.places.first { $0.uri == uri }).worker.killAtOnce()
        _ = try await eventually("the other place") { () async throws -> Bool? in
            let now = try await scene.status().json
            let phase = (now["gateway_status"] as? [String: Any])?["phase"] as? String
            return now["orchestrator"] as? String != uri && phase == "online" ? true : nil
        }
        _ = try await eventually("green goes on") { try await gateway.isGreen("s1-cap1-out") }
        #expect(try await gateway.playlist("s1-cap1-out", "source")?.isEnded == false)
        publisher.killAtOnce()
        try await #require(scene.places.first { $0.uri != uri }).free(within: .seconds(5))
        _ = try await eventually("it is gone") { try await scene.status().status == 404 ? true : nil }
        _ = try await gateway.ended("s1-cap1-out", "source")
    }

    @Test func aStreamThatNobodyPublishesToEnds() async throws {
        let scene = try await Scene("{unusedMs: 1500}")
        #expect(try await scene.start().status == 200)
        let events = try await scene.watch("/process/stream/s1-cap1/events", seconds: 10)
        #expect(
            events.contains("nobody published to s1-cap1 within 1.5 seconds") && events.hasSuffix("event: end\ndata: {}\n\n"), "\(events)")
        try await scene.places[0].free(within: .seconds(2))
        #expect(try await scene.status().status == 404)
        // Its name, and the worker's place, are free.
        #expect(try await scene.start().status == 200)
    }

    /// Without video back: what a worker says is all there is.
    @Test func aStreamOfDataAloneIsFedAndRead() async throws {
        let scene = try await Scene()
        let started = try await scene.start(header: Self.header(legs: ["video_ingress", "data_output"]))
        #expect(started.status == 200 && started.json["hls_url"] == nil)
        let publisher = try scene.gateway.publishWhite("s1-cap1")
        let reader = try Program(["curl", "-sN", "--max-time", "20", "\(scene.gateway.http)/process/stream/s1-cap1/data"])
        _ = try await eventually("data") { reader.text.contains("brightness") ? true : nil }
        #expect(try await scene.gateway.playlist("s1-cap1-out", "source") == nil)
        publisher.killAtOnce()
        #expect(await reader.status() == 0)
        try await scene.places[0].free(within: .seconds(5))
    }

    @Test func whatIsPushedByHTTPGoesToTheWorker() async throws {
        let scene = try await Scene()
        #expect(try await scene.start().status == 200)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-push-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try await Program.run([
            "ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "color=c=white:size=320x180:rate=30", "-t", "8", "-c:v",
            "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p", "-f", "segment", "-segment_time",
            "1", "-segment_format", "mpegts", "\(folder.path)/%d.ts",
        ])
        for number in 0..<7 {
            let pushed = try await scene.ask("POST", "/live/s1-cap1/\(number).ts", ["--data-binary", "@\(folder.path)/\(number).ts"])
            #expect(pushed.status == 200)
            try await ContinuousClock().sleep(for: .seconds(1))
        }
        _ = try await eventually("a red picture") { try await scene.gateway.isRed("s1-cap1-out") }
    }

    @Test func theResultIsPushedByRTMP() async throws {
        let scene = try await Scene()
        let other = try await RunningGateway(["--profiles", "none"])
        let started = try await scene.start(more: ",\"rtmp_output\":\"\(other.rtmp)/live/copy\"")
        #expect(started.json["rtmp_output_url"] as? String == "\(other.rtmp)/live/copy")
        let publisher = try scene.gateway.publishWhite("s1-cap1")
        _ = try await eventually("a red picture at the other server") { try await other.isRed("copy") }
        publisher.killAtOnce()
    }

    /// Each has a clear answer, and the stream that is there goes on.
    @Test func whatIsAskedWrongIsSaid() async throws {
        let scene = try await Scene()
        func expect(_ answer: Answer, _ status: Int, _ text: String, _ place: SourceLocation = #_sourceLocation) {
            #expect(answer.status == status && (text.isEmpty || answer.body.contains(text)), "\(answer)", sourceLocation: place)
        }
        expect(try await scene.start(header: Self.header("nosuch")), 400, "No orchestrators found for capability nosuch")
        expect(
            try await scene.ask("POST", "/process/stream/start", ["-d", "{}"]), 400,
            "Unable to parse job request, err=unexpected end of JSON input")
        expect(try await scene.start(header: Self.header(timeout: 0)), 400, "timeout_seconds is required")
        expect(try await scene.ask("POST", "/process/stream/start", header: Self.header(), ["-d", "{nope"]), 400, "no JSON")
        expect(try await scene.start(id: "a/b"), 400, "letters, digits, '-', '_' and '.' are right")
        expect(try await scene.start(id: "out"), 400, "names that end in '-out' are those of results")
        expect(try await scene.start(more: ",\"params\":\"[1]\""), 400, "params: a JSON object is right")
        expect(try await scene.start(more: ",\"rtmp_output\":\"http://x/\""), 400, "rtmp")
        let large = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-large-\(UUID().uuidString)")
        try Data(repeating: 0x20, count: (10 << 20) + 1).write(to: large)
        defer { try? FileManager.default.removeItem(at: large) }
        let tooLarge = ["-H", "Expect:", "--data-binary", "@\(large.path)"]
        expect(try await scene.ask("POST", "/process/stream/start", header: Self.header(), tooLarge), 413, "10485760 bytes")
        for (method, verb) in [
            ("POST", "update"), ("POST", "stop"), ("POST", "rtmp"), ("GET", "status"), ("GET", "data"), ("GET", "events"),
        ] {
            expect(try await scene.ask(method, "/process/stream/nosuch/\(verb)", header: Self.header(), []), 404, "Stream not found")
        }
        expect(try await scene.ask("GET", "/process/stream/start"), 405, "Method not allowed")
        expect(try await scene.ask("GET", "/process/stream/s1/nosuch"), 404, "/process/stream/STREAM/update")
        #expect(try await scene.ask("OPTIONS", "/process/stream/start").status == 204)

        let legs = Self.header(legs: ["video_ingress", "video_egress"])
        expect(try await scene.start(header: legs), 200, "\"stream_id\":\"s1-cap1\"")
        expect(try await scene.start(), 400, "stream 's1-cap1' is there already")
        // The worker has one place.
        expect(try await scene.start(id: "cap2"), 503, "no place for 'brightness'")
        expect(try await scene.ask("GET", "/process/stream/s1-cap1/data"), 503, "enable_data_output")
        expect(try await scene.ask("POST", "/process/stream/s1-cap1/whip"), 501, "publish to \(scene.gateway.rtmp)/live/s1-cap1")
        expect(try await scene.ask("POST", "/process/stream/s1-cap1/update", ["-d", "{}"]), 400, "Unable to parse job request")
        func update(_ body: [String]) async throws -> Answer {
            try await scene.ask("POST", "/process/stream/s1-cap1/update", header: Self.header(), body)
        }
        expect(try await update(["-d", "[1]"]), 400, "an update is a JSON object")
        expect(try await update(["-d", "{\"a\""]), 400, "no JSON")
        expect(try await update(tooLarge), 413, "10485760 bytes")
        expect(try await scene.ask("POST", "/process/stream/s1-cap1/rtmp", ["-d", "source_id=1"]), 400, "Missing source_type")
        let ready = ["-d", "source_id=1&source_type=rtmpConn"]
        expect(try await scene.ask("POST", "/process/stream/s1-cap1/rtmp", ready), 400, "nobody publishes s1-cap1 here")

        let publisher = try scene.gateway.publishWhite("s1-cap1")
        _ = try await eventually("a red picture") { try await scene.gateway.isRed("s1-cap1-out") }
        expect(try await scene.ask("POST", "/process/stream/s1-cap1/rtmp", ready), 200, "")
        let second = try scene.gateway.publishWhite("s1-cap1")
        #expect(await second.status() != 0)
        #expect(scene.gateway.program.text.contains("already has a live publisher"), "\(scene.gateway.program.text.suffix(2000))")
        let before = (try await scene.status().json["gateway_status"] as? [String: Any])?["pictures"] as? Int ?? 0
        _ = try await eventually("the stream goes on") {
            (try await scene.status().json["gateway_status"] as? [String: Any])?["pictures"] as? Int ?? 0 > before + 24 ? true : nil
        }
        publisher.killAtOnce()
    }
}
