import Foundation
import NIOCore
import SluiceTypes

/// Files under Fixtures/media.
func mediaFixture(_ name: String) throws -> ByteBuffer {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return ByteBuffer(bytes: try Data(contentsOf: root.appendingPathComponent("Fixtures/media/\(name)")))
}

/// What FFmpeg, and so not the code under test, makes of some bytes.
struct PlayedMedia {
    struct Packet: Hashable {
        var pts: Double
        var isKey: Bool
    }

    var video: [Packet] = []
    var audio: [Packet] = []
    /// `codec=width x height` or `codec=rate`.
    var streams: [String] = []
    /// What the decoder complains of.
    var complaints: String

    init(_ bytes: ByteBuffer) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-played-\(UUID().uuidString)")
        try Data(bytes.readableBytesView).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let text = try Self.run([
            "ffprobe", "-v", "error", "-show_entries", "packet=codec_type,pts_time,flags:stream=codec_name,width,height,sample_rate", "-of",
            "compact=p=0", file.path,
        ])
        for line in text.split(separator: "\n") {
            var fields: [Substring: Substring] = [:]
            for field in line.split(separator: "|") {
                let parts = field.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { fields[parts[0]] = parts[1] }
            }
            if let codec = fields["codec_name"] {
                streams.append("\(codec) \(fields["width"].map { "\($0)x\(fields["height"] ?? "")" } ?? "\(fields["sample_rate"] ?? "")")")
            } else if let time = fields["pts_time"].flatMap({ Double($0) }) {
                let packet = Packet(pts: time, isKey: fields["flags"]?.hasPrefix("K") ?? false)
                if fields["codec_type"] == "video" { video.append(packet) } else { audio.append(packet) }
            }
        }
        complaints = try Self.run(["ffmpeg", "-v", "error", "-i", file.path, "-f", "null", "-"])
    }

    private static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }
}
