import Foundation
import NIOCore
import SluiceTypes
import SluiceWire
import Testing

@Suite struct CodecStringsTests {
    @Test func avcFromItsConfiguration() {
        let video = VideoParameters(codec: .h264, width: 1, height: 1, configuration: [1, 0x64, 0, 0x1f, 0xff])
        #expect(CodecStrings.video(video, sample: ByteBuffer()) == "avc1.64001f")
    }

    @Test func avcFromASegment() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Fixtures/media/av720p30gop2s.ts")
        let bytes = ByteBuffer(bytes: try Data(contentsOf: path))
        let name = try #require(CodecStrings.video(VideoParameters(codec: .h264, width: 0, height: 0), sample: bytes))
        #expect(name.wholeMatch(of: /avc1\.[0-9a-f]{6}/) != nil)
        #expect(CodecStrings.video(VideoParameters(codec: .h264, width: 0, height: 0), sample: ByteBuffer(string: "no video")) == nil)
    }

    /// Main profile, main tier, level 3.1; zero bytes at the end of the constraints are left out.
    @Test func hevcFromItsConfiguration() {
        let record: [UInt8] = [1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93]
        let video = VideoParameters(codec: .hevc, width: 1, height: 1, configuration: record)
        #expect(CodecStrings.video(video, sample: ByteBuffer()) == "hvc1.1.6.L93.B0")
        #expect(CodecStrings.video(VideoParameters(codec: .hevc, width: 1, height: 1, configuration: [1, 2]), sample: ByteBuffer()) == nil)
    }

    @Test func aacByObjectType() {
        #expect(CodecStrings.audio(AudioParameters(codec: .aac, sampleRate: 48_000, channels: 2)) == "mp4a.40.2")
        #expect(CodecStrings.audio(AudioParameters(codec: .aac, sampleRate: 48_000, channels: 2, configuration: [0x2b, 0])) == "mp4a.40.5")
    }
}
