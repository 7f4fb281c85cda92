import NIOCore
import SluiceMedia
import SluiceTypes
import Testing

@Suite struct SegmentInspectorTests {
    @Test func readsTransportStream() throws {
        let facts = try SegmentInspector.inspect(try Fixture.bytes("av720p30gop2s.ts"), container: .mpegTS)
        let video = try #require(facts.video)
        #expect(video.codec == .h264 && video.width == 1280 && video.height == 720)
        #expect(video.frameRate == Rational(30))
        #expect(facts.videoFrames == 60 && facts.hasKeyFrameAtStart)
        #expect(facts.pixelFormat == "yuv420p")
        #expect(facts.audio == AudioParameters(codec: .aac, sampleRate: 48_000, channels: 2))
        #expect(facts.duration == .seconds(2))
        let probe = try Probe(try Fixture.bytes("av720p30gop2s.ts"))
        #expect(facts.start.ticks == probe.video.first?.pts)
    }

    @Test(arguments: [("bframes.ts", SegmentContainer.mpegTS, 60), ("hevc.ts", .mpegTS, 30), ("frag.mp4", .mp4, 60)])
    func countsFrames(file: String, container: SegmentContainer, frames: Int) throws {
        let facts = try SegmentInspector.inspect(try Fixture.bytes(file), container: container)
        #expect(facts.videoFrames == frames && facts.hasKeyFrameAtStart)
        // The encoder's priming shifts the first picture of the MP4 by one AAC frame.
        #expect(abs(facts.duration.inSeconds - Double(frames) / 30) < 0.022)
    }

    @Test func readsAudioOnly() throws {
        let facts = try SegmentInspector.inspect(try Fixture.bytes("audio-only.ts"), container: .mpegTS)
        #expect(facts.video == nil && facts.videoFrames == 0)
        #expect(abs(facts.duration.inSeconds - 2) < 0.05)
    }

    @Test func saysWhatTheBytesAre() throws {
        func text(_ bytes: ByteBuffer, _ container: SegmentContainer = .mpegTS) -> String {
            do throws(MediaError) {
                _ = try SegmentInspector.inspect(bytes, container: container)
                return "no error"
            } catch {
                return error.description
            }
        }
        #expect(text(ByteBuffer()) == "the body is empty")
        #expect(text(ByteBuffer(bytes: [0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0])).contains("JPEG"))
        #expect(text(try Fixture.bytes("frag.mp4")).contains("MP4"))
        #expect(text(try Fixture.bytes("hevc.ts"), .mp4).contains("MPEG-TS"))
        #expect(text(ByteBuffer(repeating: 0, count: 4000)) != "no error")
        #expect(text(ByteBuffer(repeating: 0x47, count: 4000)) != "no error")
    }

    /// Damaged at every place, cut at every length, a sample of each: an error or facts, never a crash.
    @Test(arguments: [("av720p30gop2s.ts", SegmentContainer.mpegTS), ("frag.mp4", .mp4)])
    func survivesDamage(file: String, container: SegmentContainer) throws {
        let good = try Fixture.bytes(file)
        var random = SplitMix(state: 7)
        for _ in 0..<40 {
            var bytes = good
            for _ in 0..<64 {
                let place = Int(random.next() % UInt64(good.readableBytes))
                bytes.setInteger(UInt8(truncatingIfNeeded: random.next()), at: place)
            }
            let length = Int(random.next() % UInt64(good.readableBytes))
            for variant in [bytes, good.getSlice(at: 0, length: length) ?? good] {
                let facts = try? SegmentInspector.inspect(variant, container: container)
                #expect((facts?.duration ?? .zero) >= .zero)
            }
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
