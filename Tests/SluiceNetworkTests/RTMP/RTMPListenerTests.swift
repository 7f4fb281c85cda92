import Logging
import NIOCore
import NIOPosix
import SluiceNetwork
import SluiceTypes
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RTMPListenerTests {
    private static let quiet: Logger = {
        var logger = Logger(label: "rtmp-tests")
        logger.logLevel = .critical
        return logger
    }()

    private func withListener(
        limits: RTMPLimits = .init(), _ body: (CollectingGate, Int) async throws -> Void
    ) async throws {
        let gate = CollectingGate()
        let listener = RTMPListener(
            host: "127.0.0.1", port: 0, gate: gate, group: MultiThreadedEventLoopGroup.singleton, limits: limits, logger: Self.quiet)
        let port = try await listener.start()
        do {
            try await body(gate, port)
        } catch {
            await listener.shutdown()
            throw error
        }
        await listener.shutdown()
    }

    private func publisher(_ url: String, live: Bool = false) throws -> Program {
        let pace = live ? ["-re", "-stream_loop", "-1"] : []
        return try Program(
            "ffmpeg", ["-v", "error"] + pace + ["-i", Program.fixture("av720p30gop2s.ts"), "-c", "copy", "-f", "flv", url])
    }

    @Test(.enabled(if: Program.isFFmpegHere))
    func `FFmpeg's whole stream comes through, in order, beginning with a key frame`() async throws {
        try await withListener { gate, port in
            let outcome = try await publisher("rtmp://127.0.0.1:\(port)/live/cam1/secret").run()
            #expect(outcome.status == 0, "\(outcome.output)")
            for await event in gate.events where event == .finish { break }
            let seen = gate.now
            #expect(seen.requests.map(\.stream.rawValue) == ["cam1"])
            #expect(seen.requests.first?.key == "secret")
            #expect(seen.requests.first?.remoteAddress == "127.0.0.1")
            #expect(seen.requests.first?.url.hasPrefix("rtmp://127.0.0.1") == true)
            #expect(seen.requests.first?.url.hasSuffix("/live/cam1/secret") == true, "\(seen.requests.first?.url ?? "")")
            #expect(seen.finishes == 1)
            #expect(seen.video.map { [$0.width, $0.height] } == [[1280, 720]])
            #expect(seen.audio.count == 1)
            let video = seen.packets.filter { $0.track == .video }
            let audio = seen.packets.filter { $0.track == .audio }
            #expect(video.count >= 60 && audio.count >= 60)
            #expect(video.first?.isKey == true)
            for track in [video, audio] {
                #expect(zip(track, track.dropFirst()).allSatisfy { $0.dts < $1.dts })
            }
            #expect(video.allSatisfy { $0.pts >= $0.dts })
        }
    }

    @Test(.enabled(if: Program.isFFmpegHere))
    func `a second publisher is refused and the first goes on; viewers get pictures and sound`() async throws {
        try await withListener { gate, port in
            let url = "rtmp://127.0.0.1:\(port)/live/cam2"
            let first = try publisher(url, live: true)
            try await withThrowingTaskGroup { group in
                group.addTask { _ = try await first.run() }
                for await _ in gate.events { break }
                try #require(gate.now.finishes == 0)

                let second = try await publisher(url).run()
                #expect(second.status != 0)
                #expect(gate.now.finishes == 0)

                let viewer = try await Program(
                    "ffprobe",
                    ["-v", "error", "-read_intervals", "%+#40", "-show_entries", "packet=codec_type,flags", "-of", "csv=p=0", url]
                ).run()
                #expect(viewer.status == 0, "\(viewer.output)")
                let lines = viewer.output.split(separator: "\n")
                #expect(lines.contains { $0.hasPrefix("audio") })
                #expect(lines.first { $0.hasPrefix("video") }?.contains("K") == true, "\(viewer.output)")

                let unknown = try await Program("ffprobe", ["-v", "error", "rtmp://127.0.0.1:\(port)/live/cam2/wrong"]).run()
                #expect(unknown.status != 0)

                gate.now.evictions.first?(.ended)
                for await event in gate.events where event == .finish { break }
                #expect(gate.now.finishes == 1)
                group.cancelAll()
            }
        }
    }

    @Test func `a port in use is named`() async throws {
        try await withListener { gate, port in
            let second = RTMPListener(
                host: "127.0.0.1", port: port, gate: gate, group: MultiThreadedEventLoopGroup.singleton, logger: Self.quiet)
            let error = await #expect(throws: PortUnavailable.self) { _ = try await second.start() }
            #expect("\(error.map(String.init(describing:)) ?? "")".contains("port \(port) on 127.0.0.1 is in use"))
        }
    }
}
