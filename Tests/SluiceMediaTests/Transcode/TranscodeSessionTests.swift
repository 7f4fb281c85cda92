import NIOCore
import SluiceMedia
import SluiceTypes
import Testing

@Suite struct TranscodeSessionTests {
    static let small = TranscodeProfile(name: "240p", width: 426, height: 240, bitrate: 200_000)
    static let medium = TranscodeProfile(name: "360p", width: 640, height: 360, bitrate: 400_000)

    private func renditions(
        _ session: TranscodeSession, _ segment: Segment, _ profiles: [TranscodeProfile], slice: SegmentSlice? = nil
    ) throws -> [Int: (ByteBuffer, RenditionFacts)] {
        var found: [Int: (ByteBuffer, RenditionFacts)] = [:]
        try session.transcode(SegmentJob(segment: segment, profiles: profiles, slice: slice), isCancelled: { false }) {
            found[$0] = ($1, $2)
        }
        return found
    }

    private func session() -> TranscodeSession { TranscodeSession(settings: .init(preset: "ultrafast", encoder: .x264)) }

    @Test(arguments: ["av720p30gop2s.ts", "bframes.ts", "hevc.ts"])
    func everyFrameComesBackAtItsTime(file: String) throws {
        let source = try Probe(try Fixture.bytes(file))
        let made = try renditions(session(), try Fixture.segment(file), [Self.small, Self.medium])
        #expect(made.count == 2)
        for (index, profile) in [Self.small, Self.medium].enumerated() {
            let (bytes, facts) = try #require(made[index])
            let probe = try Probe(bytes)
            #expect(probe.videoCodec == "h264")
            #expect(probe.width == profile.width && probe.height == profile.height)
            #expect(probe.video.map(\.pts) == source.video.map(\.pts).sorted())
            #expect(probe.video.first?.isKey == true)
            #expect(probe.audioCodec == source.audioCodec)
            #expect(probe.audio.map(\.pts) == source.audio.map(\.pts))
            #expect(facts.pixels == Int64(source.video.count * profile.width * profile.height))
        }
    }

    /// From and to as given; 0 is open.
    @Test(arguments: [(500, 1500), (0, 500), (1500, 0), (0, 9000)])
    func aSliceHasThePicturesAndSoundsOfItsTime(from: Int, to: Int) throws {
        let source = try Probe(try Fixture.bytes("bframes.ts"))
        let slice = try #require(SegmentSlice(fromMilliseconds: from, toMilliseconds: to))
        let (bytes, facts) = try #require(
            try renditions(session(), try Fixture.segment("bframes.ts"), [Self.small], slice: slice)[0])
        let probe = try Probe(bytes)
        func inside(_ times: [Int64]) -> [Int64] {
            let start = times.min() ?? 0
            return times.sorted().filter { $0 - start >= from * 90 && (to == 0 || $0 - start <= to * 90) }
        }
        #expect(probe.video.map(\.pts) == inside(source.video.map(\.pts)))
        #expect(probe.audio.map(\.pts) == inside(source.audio.map(\.pts)))
        #expect(!probe.video.isEmpty && probe.video.first?.isKey == true)
        #expect(facts.pixels == Int64(probe.video.count * Self.small.width * Self.small.height))
    }

    @Test func aSliceBehindTheSegmentIsHopeless() throws {
        let slice = try #require(SegmentSlice(fromMilliseconds: 60_000, toMilliseconds: 0))
        let session = session()
        let failure = #expect(throws: SegmentFailure.self) {
            try renditions(session, try Fixture.segment("bframes.ts"), [Self.small], slice: slice)
        }
        #expect(failure == SegmentFailure(.mediaUnusable, "Invalid argument"))
        // And the session goes on.
        #expect(try renditions(session, try Fixture.segment("bframes.ts"), [Self.small]).count == 1)
    }

    @Test func contextsStayOverThreeSegments() throws {
        let session = session()
        for number in 0..<3 {
            let name = "av360p-3segments-\(number).ts"
            let source = try Probe(try Fixture.bytes(name))
            let made = try renditions(session, try Fixture.segment(name, sequence: Int64(number)), [Self.small])
            let probe = try Probe(try #require(made[0]).0)
            #expect(probe.video.map(\.pts) == source.video.map(\.pts).sorted(), "segment \(number)")
            #expect(probe.video.first?.isKey == true, "segment \(number)")
        }
        // And back: the source's clock jumped, the profiles changed.
        let source = try Probe(try Fixture.bytes("av360p-3segments-0.ts"))
        let made = try renditions(session, try Fixture.segment("av360p-3segments-0.ts"), [Self.small, Self.medium])
        #expect(try Probe(try #require(made[1]).0).video.map(\.pts) == source.video.map(\.pts).sorted())
    }

    @Test func ownFrameRateIsAGridFromTheFirstPicture() throws {
        var profile = Self.small
        profile.frameRate = Rational(15)
        let made = try renditions(session(), try Fixture.segment("av720p30gop2s.ts"), [profile])
        let source = try Probe(try Fixture.bytes("av720p30gop2s.ts"))
        let start = try #require(source.video.first).pts
        let probe = try Probe(try #require(made[0]).0)
        #expect(probe.video.map(\.pts) == (0..<30).map { start + Int64($0) * 6000 })
    }

    @Test func mp4InAndOut() throws {
        var profile = Self.small
        profile.container = .mp4
        let made = try renditions(session(), try Fixture.segment("frag.mp4", container: .mp4), [profile, Self.small])
        let mp4 = try Probe(try #require(made[0]).0)
        let ts = try Probe(try #require(made[1]).0)
        #expect(mp4.video.count == 60 && ts.video.count == 60)
        #expect(mp4.audioCodec == "aac" && ts.audioCodec == "aac")
        let facts = try SegmentInspector.inspect(try #require(made[0]).0, container: .mp4)
        #expect(facts.videoFrames == 60 && facts.hasKeyFrameAtStart)
    }

    @Test func mp4KeepsAbsoluteTimes() throws {
        var profile = Self.small
        profile.container = .mp4
        let source = try Probe(try Fixture.bytes("av360p-3segments-1.ts"))
        let made = try renditions(session(), try Fixture.segment("av360p-3segments-1.ts"), [profile])
        #expect(try Probe(try #require(made[0]).0).video.map(\.pts) == source.video.map(\.pts))
    }

    @Test func keyFramesAsOften() throws {
        var intra = Self.small
        intra.keyFrames = .intraOnly
        var half = Self.small
        half.keyFrames = .every(milliseconds: 500)
        let made = try renditions(session(), try Fixture.segment("av720p30gop2s.ts"), [intra, half])
        #expect(try Probe(try #require(made[0]).0).video.count { $0.isKey } == 60)
        #expect(try Probe(try #require(made[1]).0).video.count { $0.isKey } >= 4)
    }

    @Test func audioOnlyPassesThrough() throws {
        let segment = try Fixture.segment("audio-only.ts")
        let made = try renditions(session(), segment, [Self.small, Self.medium])
        #expect(made[0]?.0 == segment.bytes && made[1]?.0 == segment.bytes)
        #expect(made[0]?.1.pixels == 0)
    }

    @Test func failuresSpeakLivepeer() throws {
        func text(_ segment: Segment, _ profiles: [TranscodeProfile]) -> String? {
            do {
                _ = try renditions(session(), segment, profiles)
                return nil
            } catch {
                guard let failure = error as? SegmentFailure, failure.reason == .mediaUnusable else { return "\(error)" }
                return failure.detail
            }
        }
        let good = try Fixture.segment("hevc.ts")
        var flat = Self.small
        flat.width = 0
        #expect(text(good, [flat]) == "TranscoderInvalidResolution")
        #expect(text(good, Array(repeating: Self.small, count: 11)) == "Too many outputs")
        let garbage = ByteBuffer(repeating: 0x47, count: 20_000)
        #expect(text(try Fixture.segment(garbage), [Self.small]) == "TranscoderInvalidVideo")
        #expect(text(try Fixture.segment(ByteBuffer()), [Self.small]) == "TranscoderInvalidVideo")
    }

    @Test func cancelledIsSaidSo() throws {
        let segment = try Fixture.segment("hevc.ts")
        #expect(throws: SegmentFailure(.cancelled, "transcoding was given up")) {
            try session().transcode(
                SegmentJob(segment: segment, profiles: [Self.small]), isCancelled: { true }, onRendition: { _, _, _ in })
        }
    }
}
