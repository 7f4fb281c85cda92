import NIOCore
import SluiceTypes
import Testing

@testable import SluiceMedia

@Suite struct TestPictureTests {
    @Test func makesWhatWasAskedFor() throws {
        var settings = TestPicture.Settings()
        settings.width = 320
        settings.height = 180
        settings.keyFrameInterval = 15
        settings.bitrate = 300_000
        let picture = try TestPicture(settings)
        let writer = try SegmentWriter(video: picture.video, audio: picture.audio, hashing: false)
        var keys: [Int] = []
        var heard = MediaTime.zero
        for index in 0..<60 {
            let frame = try picture.next(wallClock: Int64(index) * 33_333_333)
            #expect(frame.video.pts == MediaTime(ticks: Int64(index) * 3000))
            if frame.video.isKey { keys.append(index) }
            try writer.append(frame.video)
            for packet in frame.audio {
                try writer.append(packet)
                heard = packet.pts
            }
        }
        #expect(keys == [0, 15, 30, 45])
        // The sound keeps up with the picture.
        #expect(heard.seconds > 1.85 && heard.seconds < 2)
        let facts = try SegmentInspector.inspect(try writer.finish().bytes, container: .mpegTS)
        #expect(facts.videoFrames == 60 && facts.video?.width == 320 && facts.video?.height == 180 && facts.hasKeyFrameAtStart)
        #expect(facts.audio?.sampleRate == 48_000 && facts.audio?.channels == 2)
    }

    @Test func endsWhenNobodyWantsMore() async throws {
        var settings = TestPicture.Settings()
        settings.width = 64
        settings.height = 64
        settings.frameRate = 240
        settings.keyFrameInterval = 10
        settings.hasTone = false
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        try TestPictureSource.start(settings) { event in
            switch event {
            case .header(_, let audio): continuation.yield(audio == nil ? "header" : "header with sound")
            case .frame:
                continuation.yield("frame")
                return false
            case .ended(let error, _):
                continuation.yield(error == nil ? "ended" : "\(String(describing: error))")
                continuation.finish()
            }
            return true
        }
        var heard: [String] = []
        for await event in events { heard.append(event) }
        #expect(heard == ["header", "frame", "ended"])
    }

    @Test func takesUnitsApart() {
        let stream: [UInt8] = [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 4, 0, 0, 0, 1, 0x65, 9, 0, 0, 3, 1]
        stream.withUnsafeBytes { bytes in
            #expect(AnnexB.units(in: bytes) == [[0x67, 1, 2, 3], [0x68, 4], [0x65, 9, 0, 0, 3, 1]])
            #expect(AnnexB.configuration(of: bytes) == [1, 1, 2, 3, 0xff, 0xe1, 0, 4, 0x67, 1, 2, 3, 1, 0, 2, 0x68, 4])
        }
    }
}
