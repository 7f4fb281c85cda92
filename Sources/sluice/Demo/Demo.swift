import Foundation
import SluiceGateway
import SluiceRouting
import SluiceTypes
import SluiceWire

/// Publishes a test picture by RTMP through the FFmpeg program, shows what becomes of it, and checks it.
struct Demo: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let stream = "demo"
    static let length: Duration = .seconds(20)
    static let pollInterval: Duration = .milliseconds(500)
    /// How long the last renditions may take after the publisher has ended.
    static let patience: Duration = .seconds(15)

    let assembly: GatewayAssembly
    let profiles: [TranscodeProfile]
    let rtmpPort: Int
    let httpPort: Int
    let once: Bool
    /// What works on the picture; `nil`: nothing.
    var pipeline: String?

    static let result = stream + "-out"
    /// Of 20 s, when a worker takes its time to begin.
    static let fewestResults = 5

    func run() async throws {
        guard let stream = StreamID(Self.stream) else { throw Failure(description: "bad stream name") }
        let publisher = try startPublisher()
        // Signals that a service group waits for are ignored by its children too, so only this one ends FFmpeg for certain.
        defer { if publisher.isRunning { kill(publisher.processIdentifier, SIGKILL) } }
        print("  watch     http://127.0.0.1:\(httpPort)/play/\(Self.stream)   in a browser, a second behind live")
        print("            http://127.0.0.1:\(httpPort)/stream/\(Self.stream).m3u8   in any player")
        if let pipeline { print("  processed http://127.0.0.1:\(httpPort)/play/\(Self.result)   (by \(pipeline))") }
        print("")
        print(DemoTable.header(profiles))
        fflush(nil)
        var seen = PlaylistRecord()
        var printed: [String: Int64] = [:]
        var made = PlaylistRecord()
        let result = pipeline == nil ? nil : StreamID(Self.result)
        let end = ContinuousClock.now.advanced(by: Self.length)
        while publisher.isRunning, !once || ContinuousClock.now < end {
            try await Task.sleep(for: Self.pollInterval)
            try seen.look(at: assembly.table, stream: stream, renditions: renditions)
            if let result { try made.look(at: assembly.table, stream: result, renditions: ["source"]) }
            show(&printed)
        }
        if once, !publisher.isRunning, ContinuousClock.now < end {
            throw Failure(description: "ffmpeg ended early with status \(publisher.terminationStatus); its messages are above")
        }
        stop(publisher)
        let late = ContinuousClock.now.advanced(by: Self.patience)
        while ContinuousClock.now < late, !seen.hasEnded(renditions) || result != nil && !made.hasEnded(["source"]) {
            try await Task.sleep(for: .milliseconds(100))
            try seen.look(at: assembly.table, stream: stream, renditions: renditions)
            if let result { try made.look(at: assembly.table, stream: result, renditions: ["source"]) }
            show(&printed)
        }
        guard once else { return }
        try seen.check(renditions: renditions)
        var words = seen.summary(renditions)
        if result != nil {
            try made.check(renditions: ["source"], atLeast: Self.fewestResults)
            words += "; processed: \(made.summary(["source"]))"
        }
        print("\ndemo passed: \(words)")
    }

    private var renditions: [String] { ["source"] + profiles.map(\.name) }

    private func startPublisher() throws -> Process {
        let ffmpeg = Process()
        ffmpeg.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        ffmpeg.standardInput = Pipe()
        ffmpeg.arguments = [
            "ffmpeg", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30", "-f",
            "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-tune",
            "zerolatency", "-g", "60", "-b:v", "2M", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k", "-f", "flv",
            "rtmp://127.0.0.1:\(rtmpPort)/live/\(Self.stream)\(pipeline.map { "?pipeline=\($0)" } ?? "")",
        ]
        do { try ffmpeg.run() } catch {
            throw Failure(description: "cannot start ffmpeg (\(error)); install it: apt-get install ffmpeg")
        }
        return ffmpeg
    }

    /// FFmpeg's own way to end in order: a `q` on its standard input.
    private func stop(_ publisher: Process) {
        guard publisher.isRunning, let pipe = publisher.standardInput as? Pipe else { return }
        try? pipe.fileHandleForWriting.write(contentsOf: Data("q".utf8))
    }

    private func show(_ printed: inout [String: Int64]) {
        let streams = assembly.table.status(route: assembly.route).streams
        for name in [Self.stream, Self.result] {
            guard let stream = streams.first(where: { $0.id == name }) else { continue }
            show(stream, name == Self.stream ? profiles : [], &printed[name, default: -1])
        }
        fflush(nil)
    }

    private func show(_ stream: GatewayStatus.Stream, _ profiles: [TranscodeProfile], _ printed: inout Int64) {
        for segment in stream.segments where segment.sequence > printed {
            guard segment.publishedMs != nil || profiles.isEmpty else { break }
            let decision = StreamID(stream.id).flatMap { id in
                assembly.route.decisions(of: id).last { $0.sequence.rawValue == segment.sequence }
            }
            print(DemoTable.row(stream.id, segment, profiles: profiles, decision: decision.map(DecisionReport.init)))
            printed = segment.sequence
        }
    }
}
