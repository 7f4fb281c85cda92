import Foundation
import NIOCore
import SluiceTypes

/// Files under Fixtures/media.
enum Fixture {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/media")

    static func bytes(_ name: String) throws -> ByteBuffer {
        ByteBuffer(bytes: try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func segment(
        _ name: String, container: SegmentContainer = .mpegTS, sequence: Int64 = 0
    ) throws -> Segment {
        try segment(try bytes(name), container: container, sequence: sequence)
    }

    static func segment(_ bytes: ByteBuffer, container: SegmentContainer = .mpegTS, sequence: Int64 = 0) throws -> Segment {
        guard let stream = StreamID("test") else { throw CocoaError(.coderInvalidValue) }
        return Segment(
            stream: stream, sequence: SegmentSequence(sequence), container: container, bytes: bytes, start: .zero,
            duration: .seconds(2), startsDiscontinuity: false, video: nil, audio: nil, videoFrames: 0, hash: nil,
            timeline: SegmentTimeline(firstByteWallClock: 0, lastByteWallClock: 0, firstByte: .now, cut: .now))
    }
}

/// What `ffprobe`, and so not the code under test, says of some bytes.
struct Probe {
    struct Packet {
        var pts: Int64
        var dts: Int64
        var isKey: Bool
    }

    var video: [Packet] = []
    var audio: [Packet] = []
    var videoCodec: String?
    var audioCodec: String?
    var width = 0
    var height = 0

    private struct Report: Decodable {
        struct Packet: Decodable {
            var codec_type: String
            var pts_time: String?
            var dts_time: String?
            var flags: String
        }
        struct Stream: Decodable {
            var codec_type: String
            var codec_name: String?
            var width: Int?
            var height: Int?
        }
        var packets: [Packet]
        var streams: [Stream]
    }

    init(_ bytes: ByteBuffer) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-probe-\(UUID().uuidString)")
        try Data(bytes.readableBytesView).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "ffprobe", "-v", "error", "-print_format", "json", "-show_packets", "-show_streams", file.path,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let report = try JSONDecoder().decode(Report.self, from: output)
        for packet in report.packets {
            let pts = Int64(((packet.pts_time.flatMap(Double.init) ?? -1) * 90_000).rounded())
            let dts = Int64(((packet.dts_time.flatMap(Double.init) ?? -1) * 90_000).rounded())
            let entry = Packet(pts: pts, dts: dts, isKey: packet.flags.hasPrefix("K"))
            if packet.codec_type == "video" { video.append(entry) } else { audio.append(entry) }
        }
        for stream in report.streams {
            if stream.codec_type == "video" {
                videoCodec = stream.codec_name
                width = stream.width ?? 0
                height = stream.height ?? 0
            } else {
                audioCodec = stream.codec_name
            }
        }
    }
}
