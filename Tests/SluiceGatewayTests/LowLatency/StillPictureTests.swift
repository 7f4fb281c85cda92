import NIOCore
import SluiceMedia
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceGateway

@Suite struct StillPictureTests {
    private struct Stream {
        var whole: ByteBuffer
        var parts: [MediaPart] = []
        var format: ElementaryFormat

        init(_ name: String) throws {
            let (format, packets) = try PackagingLane.read(try mediaFixture(name), .mpegTS, near: .zero)
            var parts: [MediaPart] = []
            var packager = PartPackager(target: PartTarget(aim: .milliseconds(200)))
            packager.restart(video: format.video, audio: format.audio)
            for packet in packets { packager.append(packet) { parts.append($0) } }
            packager.endSegment(next: nil) { parts.append($0) }
            self.format = format
            self.parts = parts
            whole = try InitializationSegment.make(video: format.video, audio: format.audio)
            for part in parts { whole.writeImmutableBuffer(part.bytes) }
        }
    }

    @Test(arguments: ["av720p30gop2s.ts", "bframes.ts", "hevc.ts", "audio-only.ts"])
    func theStreamGoesOnWithoutAHole(name: String) throws {
        var stream = try Stream(name)
        let before = try PlayedMedia(stream.whole)
        let start = try #require(stream.parts.lastIndex { $0.isIndependent })
        let made = StillPicture(after: stream.parts[start...].map(\.bytes), video: stream.format.video, audio: stream.format.audio)
        var still = try #require(made)
        for _ in 0..<10 {
            let part = still.part(MediaTime(milliseconds: 200))
            stream.whole.writeImmutableBuffer(part)
        }
        let after = try PlayedMedia(stream.whole)
        #expect(after.complaints == "")
        if let last = before.video.map(\.pts).max() {
            let added = after.video.dropFirst(before.video.count)
            #expect(added.count == 10)
            #expect(added.allSatisfy { $0.isKey })
            #expect(added.first.map { $0.pts - last < 0.1 && $0.pts > last } == true)
        }
        let gaps = zip(after.audio, after.audio.dropFirst()).map { $1.pts - $0.pts }
        #expect(gaps.allSatisfy { $0 > 0.0203 && $0 < 0.0223 })
        if let end = after.audio.last, let last = before.audio.last {
            #expect(abs(end.pts - last.pts - 2) < (before.video.isEmpty ? 0.03 : 0.2))
        }
    }

    @Test(arguments: 1...6) func silenceIsKnownForUpToSixChannels(channels: Int) throws {
        let audio = AudioParameters(
            codec: .aac, sampleRate: 48_000, channels: channels, configuration: [0x11, 0x80 | UInt8(channels) << 3])
        let sound = EncodedPacket(track: .audio, pts: .zero, dts: .zero, isKey: true, payload: ByteBuffer(repeating: 0, count: 8))
        var packager = PartPackager(target: PartTarget(aim: .milliseconds(200)))
        packager.restart(video: nil, audio: audio)
        var parts: [ByteBuffer] = []
        packager.append(sound) { parts.append($0.bytes) }
        packager.endSegment(next: nil) { parts.append($0.bytes) }
        var still = try #require(StillPicture(after: parts, video: nil, audio: audio))
        var whole = try InitializationSegment.make(video: nil, audio: audio)
        whole.writeImmutableBuffer(still.part(MediaTime(milliseconds: 500)))
        let played = try PlayedMedia(whole)
        #expect(played.complaints == "")
        #expect(played.audio.count == 23)
    }

    @Test(arguments: [1 << 31, 1 << 45] as [Int64]) func aPublishersClockAndRateMayBeAnyNumbers(milliseconds: Int64) throws {
        let video = VideoParameters(codec: .h264, width: 640, height: 360, configuration: [1])
        let audio = AudioParameters(codec: .aac, sampleRate: 16_777_215, channels: 2, configuration: [0x11, 0x90])
        var packager = PartPackager(target: PartTarget(aim: .milliseconds(200)))
        packager.restart(video: video, audio: audio)
        var parts: [ByteBuffer] = []
        let payload = ByteBuffer(repeating: 0, count: 8)
        for (track, time) in [(Track.audio, MediaTime.zero), (.video, MediaTime(milliseconds: milliseconds))] {
            let packet = EncodedPacket(track: track, pts: time, dts: time, isKey: true, payload: payload)
            packager.append(packet) { parts.append($0.bytes) }
        }
        packager.endSegment(next: nil) { parts.append($0.bytes) }
        var still = try #require(StillPicture(after: parts, video: video, audio: audio))
        // Silence for the part alone, and not for all the time that the sound is behind.
        #expect(still.part(MediaTime(milliseconds: 200)).readableBytes < 1 << 20)
    }

    @Test func whatIsNotOfOurMakingHasNoStill() {
        let video = VideoParameters(codec: .h264, width: 640, height: 360, configuration: [1])
        #expect(StillPicture(after: [ByteBuffer(repeating: 0xff, count: 100)], video: video, audio: nil) == nil)
        #expect(StillPicture(after: [], video: video, audio: nil) == nil)
        let mp3 = AudioParameters(codec: .mp3, sampleRate: 44_100, channels: 2)
        #expect(StillPicture(after: [ByteBuffer(string: "x")], video: nil, audio: mp3) == nil)
    }
}
