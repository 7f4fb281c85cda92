import Foundation
import NIOCore
import SluiceMedia
import SluiceTesting
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceGateway

/// A worker's Opus becomes AAC, in sync with its pictures: the picture turns white with the first of the tone.
@Suite(.timeLimit(.minutes(1))) struct OpusOutputTests {
    private final class Collecting: Sendable {
        struct State: Sendable {
            var video: VideoParameters?
            var audio: AudioParameters?
            var packets: [EncodedPacket] = []
        }
        let state = Mutex(State())

        final class Sink: PacketSink {
            let collecting: Collecting
            init(_ collecting: Collecting) { self.collecting = collecting }
            func configure(video: VideoParameters) { collecting.state.withLock { $0.video = video } }
            func configure(audio: AudioParameters) { collecting.state.withLock { $0.audio = audio } }
            func consume(_ packet: EncodedPacket) { collecting.state.withLock { $0.packets.append(packet) } }
            func finish() {}
        }
    }

    /// FFmpeg's word on when the tone and the white begin, in seconds.
    private func onsets(_ file: String) throws -> (tone: Double, white: Double) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "ffmpeg", "-nostdin", "-hide_banner", "-copyts", "-i", file, "-af", "silencedetect=n=-30dB:d=0.1", "-vf",
            "blackdetect=d=0.1:pix_th=0.1", "-f", "null", "-",
        ]
        let pipe = Pipe()
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        func value(_ key: String) throws -> Double {
            let range = try #require(text.range(of: key + "[0-9.]+", options: .regularExpression), "no \(key) in \(text)")
            return try #require(Double(text[range].dropFirst(key.count)))
        }
        return (try value("silence_end: "), try value("black_end:"))
    }

    @Test func theToneComesWithThePicture() async throws {
        let collecting = Collecting()
        let output = try LiveVideoOutput(settings: .init()) { [Collecting.Sink(collecting)] }
        await output.open(1)
        var bytes = try Fixture.bytes("media/opus-flash.ts")
        while let piece = bytes.readSlice(length: min(5_000, bytes.readableBytes)), piece.readableBytes > 0 {
            _ = try await output.take(piece, of: 1)
        }
        _ = try await output.take(nil, of: 1)
        let made = collecting.state.withLock { $0 }
        #expect(made.audio?.codec == .aac && made.audio?.sampleRate == 48_000 && made.audio?.channels == 1)
        let writer = try SegmentWriter(video: made.video, audio: made.audio, hashing: false)
        for packet in made.packets { try writer.append(packet) }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-sync-\(UUID().uuidString).ts")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(writer.finish().bytes.readableBytesView).write(to: file)

        let (tone, white) = try onsets(file.path)
        // A frame has 33 ms; the recording itself is 2.7 ms apart.
        #expect(abs(tone - white) < 0.015, "tone at \(tone), white at \(white)")
        #expect(abs(white - 2.4065) < 0.001)
    }
}
