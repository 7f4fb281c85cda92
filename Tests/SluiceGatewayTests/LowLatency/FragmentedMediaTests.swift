import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceGateway

/// What the fixtures hold comes out of fragmented MP4 as it went in, by FFmpeg's word.
@Suite struct FragmentedMediaTests {
    private func parts(_ name: String, _ container: SegmentContainer) throws -> (whole: ByteBuffer, parts: [MediaPart]) {
        let (format, packets) = try PackagingLane.read(try mediaFixture(name), container, near: .zero)
        var packager = PartPackager(target: PartTarget(aim: .milliseconds(200)))
        packager.restart(video: format.video, audio: format.audio)
        var parts: [MediaPart] = []
        for packet in packets { packager.append(packet) { parts.append($0) } }
        packager.endSegment(next: nil) { parts.append($0) }
        var whole = try InitializationSegment.make(video: format.video, audio: format.audio)
        for part in parts { whole.writeImmutableBuffer(part.bytes) }
        return (whole, parts)
    }

    @Test(
        arguments: [
            ("av720p30gop2s.ts", SegmentContainer.mpegTS, ["h264 1280x720", "aac 48000"], 60),
            ("bframes.ts", .mpegTS, ["h264 640x360", "aac 48000"], 60), ("hevc.ts", .mpegTS, ["hevc 640x360"], 30),
            ("frag.mp4", .mp4, ["h264 640x360", "aac 48000"], 60), ("audio-only.ts", .mpegTS, ["aac 48000"], 0),
        ] as [(String, SegmentContainer, [String], Int)])
    func everyFrameKeepsItsTime(name: String, container: SegmentContainer, streams: [String], frames: Int) throws {
        let (whole, parts) = try parts(name, container)
        let made = try PlayedMedia(whole)
        let given = try PlayedMedia(try mediaFixture(name))
        #expect(made.complaints == "")
        #expect(made.streams == streams)
        #expect(made.video.count == frames)
        #expect(made.audio.count == given.audio.count)
        #expect(made.video.map(\.isKey) == given.video.map(\.isKey))
        // The demuxer of fragmented MP4 counts from its edit list, which ours has not.
        let shift = (given.video.first?.pts ?? given.audio.first?.pts ?? 0) - (made.video.first?.pts ?? made.audio.first?.pts ?? 0)
        for (one, other) in zip(made.video, given.video) { #expect(abs(one.pts + shift - other.pts) < 0.001) }
        for (one, other) in zip(made.audio, given.audio) { #expect(abs(one.pts + shift - other.pts) < 0.012) }
        #expect(parts.first?.isIndependent == true)
        let sum = parts.reduce(0) { $0 + $1.duration.seconds }
        #expect(abs(sum - Double(max(frames, 60)) / 30) < 1.1)
        #expect(parts.dropLast().allSatisfy { $0.duration.seconds >= 0.85 * 0.209 && $0.duration.seconds <= 0.209 })
    }

    @Test func aRenditionIsCutWhereTheSourceWas() throws {
        let source = try parts("av720p30gop2s.ts", .mpegTS).parts
        let (format, packets) = try PackagingLane.read(try mediaFixture("bframes.ts"), .mpegTS, near: .zero)
        // B-frames, where the source has none: their decode times run ahead.
        let first = try #require(packets.first { $0.track == .video })
        let begin = try #require(source.first).start
        var packager = RenditionPackager()
        let initialization = try packager.begin(
            video: format.video, audio: format.audio, starts: source.map(\.start), isContinuous: false)
        var made: [RenditionPackager.Part] = []
        for packet in packets {
            var packet = packet
            packet.pts = packet.pts + begin - first.pts
            packet.dts = packet.dts + begin - first.pts
            packager.append(packet) { made.append($0) }
        }
        packager.endSegment { made.append($0) }
        #expect(made.map(\.index) == Array(source.indices))
        #expect(made.map(\.isIndependent) == source.map(\.isIndependent))
        var whole = try #require(initialization)
        for part in made { whole.writeImmutableBuffer(part.bytes) }
        let played = try PlayedMedia(whole)
        #expect(played.complaints == "")
        #expect(played.video.count == 60)
        #expect(played.video.map(\.pts).min().map { abs($0 - begin.seconds) < 0.001 } == true)
    }

    @Test func whatHasNoPlaceIsNamed() {
        #expect(throws: CMAFError.self) { try InitializationSegment.make(video: nil, audio: nil) }
        #expect(throws: CMAFError.self) {
            try InitializationSegment.make(video: VideoParameters(codec: .vp8, width: 640, height: 360), audio: nil)
        }
        #expect(throws: CMAFError.self) {
            try InitializationSegment.make(video: VideoParameters(codec: .h264, width: 640, height: 360), audio: nil)
        }
    }
}
