import Foundation

/// The binary under test, beside the test bundle.
enum SluiceBinary {
    static let path: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return ProcessInfo.processInfo.environment["SLUICE_BINARY"] ?? root.appendingPathComponent(".build/debug/sluice").path
    }()
}

/// A gateway in a process of its own, on free ports.
struct RunningGateway {
    let program: Program
    let rtmp: String
    let http: String
    let admin: String

    init(_ options: [String] = []) async throws {
        let program = try Program(
            [SluiceBinary.path, "gateway", "--rtmp-port", "0", "--http-port", "0", "--admin-port", "0"] + options)
        let text = try await eventually("gateway starts") {
            if !program.isRunning { throw Waited(description: "the gateway ended: \(program.text)") }
            return program.text.contains("Ctrl-C") ? program.text : nil
        }
        func first(_ prefix: String) throws -> String {
            guard let range = text.range(of: prefix + "[0-9]+", options: .regularExpression) else {
                throw Waited(description: "no \(prefix) in \(text)")
            }
            return String(text[range])
        }
        self.program = program
        rtmp = try first("rtmp://127.0.0.1:")
        http = try first("http://127.0.0.1:")
        let status = text.components(separatedBy: "status    ").last ?? ""
        guard let range = status.range(of: "http://127.0.0.1:[0-9]+", options: .regularExpression) else {
            throw Waited(description: "no admin port in \(text)")
        }
        admin = String(status[range])
    }

    func get(_ path: String) async throws -> String { try await Program.run(["curl", "-s", "--max-time", "5", http + path]) }

    /// A moving picture with sound in GOPs of one second, by RTMP and in real time.
    func publish(_ stream: String, seconds: Int, size: String = "640x360") throws -> Program {
        try Program([
            "ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=\(size):rate=30", "-f", "lavfi",
            "-i", "sine=sample_rate=48000", "-t", "\(seconds)", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
            "-g", "30", "-b:v", "500k", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", "\(rtmp)/live/\(stream)",
        ])
    }

    func playlist(_ stream: String, _ rendition: String) async throws -> MediaPlaylist? {
        MediaPlaylist(try await get("/stream/\(stream)/\(rendition).m3u8"))
    }

    func ended(_ stream: String, _ rendition: String) async throws -> MediaPlaylist {
        try await eventually("\(stream)/\(rendition) ends") { try await playlist(stream, rendition).flatMap { $0.isEnded ? $0 : nil } }
    }

    /// FFprobe's word on one segment, as `key=value` lines.
    func probe(_ stream: String, _ uri: String, _ entries: String) async throws -> [String: String] {
        let text = try await Program.run([
            "ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries", "stream=\(entries)", "-of",
            "default=noprint_wrappers=1", "\(http)/stream/\(stream)/\(uri)",
        ])
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }
}

/// An orchestrator in a process of its own.
struct RunningOrchestrator {
    let program: Program
    let port: Int

    /// - Parameter settings: of a settings file.
    init(port: Int, settings: String? = nil) async throws {
        var options: [String] = []
        if let settings {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-orchestrator-\(UUID().uuidString).yaml")
            try Data(settings.utf8).write(to: file)
            options = ["--config", file.path]
        }
        defer { if let file = options.last { try? FileManager.default.removeItem(atPath: file) } }
        let program = try Program(
            [
                SluiceBinary.path, "orchestrator", "--port", "\(port)", "--admin-port", "0", "--service-uri",
                "https://127.0.0.1:\(port)",
            ] + options)
        _ = try await eventually("orchestrator starts") {
            if !program.isRunning { throw Waited(description: "the orchestrator ended: \(program.text)") }
            return program.text.contains("Ctrl-C") ? true : nil
        }
        self.program = program
        self.port = port
    }

    /// A port that was free a moment ago.
    static func freePort() async throws -> Int {
        let text = try await Program.run([
            "python3", "-c", "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])",
        ])
        guard let port = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw Waited(description: "no port: \(text)") }
        return port
    }
}

/// A media playlist as far as these tests look at it.
struct MediaPlaylist {
    let uris: [String]
    let isEnded: Bool
    let gaps: Int
    let discontinuities: Int
    let mediaSequence: Int

    init?(_ text: String) {
        guard text.hasPrefix("#EXTM3U") else { return nil }
        let lines = text.split(separator: "\n").map(String.init)
        uris = lines.filter { !$0.hasPrefix("#") }
        isEnded = lines.contains("#EXT-X-ENDLIST")
        gaps = lines.count { $0 == "#EXT-X-GAP" }
        discontinuities = lines.count { $0 == "#EXT-X-DISCONTINUITY" }
        mediaSequence = lines.first { $0.hasPrefix("#EXT-X-MEDIA-SEQUENCE:") }.flatMap { Int($0.dropFirst(22)) } ?? -1
    }
}
