import NIOCore
import SluiceMedia
import SluiceTypes
import Testing

@Suite struct LiveSegmenterTests {
    static let audio = AudioParameters(codec: .aac, sampleRate: 48_000, channels: 2, configuration: [0x11, 0x90])
    static let video = VideoParameters(
        codec: .h264, width: 1280, height: 720,
        configuration: [
            1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 8, 0x67, 0x64, 0, 0x1f, 0xac, 0xd9, 0x40, 0x50, 1, 0, 4, 0x68, 0xeb, 0xe3, 0xcb,
        ])

    /// A picture as far as muxers look: one NAL unit with its length before it.
    static func picture(_ ticks: Int64, shown: Int64? = nil, key: Bool, size: Int = 400) -> EncodedPacket {
        var payload = ByteBuffer()
        payload.writeInteger(UInt32(size))
        payload.writeInteger(UInt8(key ? 0x65 : 0x41))
        payload.writeRepeatingByte(0x5a, count: size - 1)
        return EncodedPacket(
            track: .video, pts: MediaTime(ticks: shown ?? ticks), dts: MediaTime(ticks: ticks), isKey: key, payload: payload)
    }

    static func sound(_ ticks: Int64) -> EncodedPacket {
        EncodedPacket(
            track: .audio, pts: MediaTime(ticks: ticks), dts: MediaTime(ticks: ticks), isKey: true,
            payload: ByteBuffer(repeating: 0x21, count: 200))
    }

    private final class Collected {
        var segments: [Segment] = []
        var warnings: [String] = []
    }

    private func segmenter(_ collected: Collected) throws -> LiveSegmenter {
        LiveSegmenter(
            stream: try #require(StreamID("test")), firstSequence: SegmentSequence(3), settings: .init(target: .seconds(2), hashing: true),
            onSegment: { collected.segments.append($0) }, onWarning: { collected.warnings.append($0) })
    }

    @Test func everyPacketIsInOneSegmentAtItsTime() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(video: Self.video)
        segmenter.configure(audio: Self.audio)
        var pictures: [Int64] = []
        var sounds: [Int64] = []
        let origin: Int64 = 123_457
        for index in 0..<150 {
            let dts = origin + Int64(index) * 3000
            let pts = dts + (index % 3 == 0 ? 3000 : 6000)
            segmenter.consume(Self.picture(dts, shown: pts, key: index % 60 == 0))
            pictures.append(pts)
            segmenter.consume(Self.sound(dts + 11))
            sounds.append(dts + 11)
            #expect(collected.segments.count == index / 60)
        }
        segmenter.finish()
        #expect(collected.warnings == [])
        #expect(collected.segments.map(\.sequence.rawValue) == [3, 4, 5])
        #expect(collected.segments.map(\.videoFrames) == [60, 60, 30])
        #expect(collected.segments.prefix(2).allSatisfy { $0.duration == .seconds(2) })
        #expect(collected.segments.allSatisfy { !$0.startsDiscontinuity })
        let probes = try collected.segments.map { try Probe($0.bytes) }
        #expect(probes.flatMap { $0.video.map(\.pts) } == pictures)
        #expect(probes.flatMap { $0.audio.map(\.pts) } == sounds)
        #expect(probes.map { $0.video.first?.isKey } == [true, true, true])
        for (segment, probe) in zip(collected.segments, probes) {
            #expect(segment.start.ticks == probe.video.map(\.pts).min())
            #expect(segment.hash == Keccak256.hash(segment.bytes))
            #expect(segment.bytes.readableBytes % 188 == 0)
        }
    }

    @Test func standingAndSteppingTimesLoseNothing() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(video: Self.video)
        for (index, ticks) in [0, 3000, 3000, 2000, 6000, 9000].enumerated() {
            segmenter.consume(Self.picture(Int64(ticks), key: index == 0))
        }
        segmenter.finish()
        #expect(collected.warnings == [])
        let probe = try Probe(try #require(collected.segments.first).bytes)
        #expect(probe.video.map(\.pts) == [0, 3000, 3001, 3002, 6000, 9000])
    }

    @Test func aNewConfigurationStartsADiscontinuity() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(video: Self.video)
        segmenter.consume(Self.picture(0, key: true))
        segmenter.configure(video: Self.video)
        segmenter.consume(Self.picture(3000, key: false))
        var larger = Self.video
        larger.width = 1920
        segmenter.configure(video: larger)
        segmenter.consume(Self.picture(6000, key: true))
        segmenter.finish()
        #expect(collected.segments.map(\.videoFrames) == [2, 1])
        #expect(collected.segments.map(\.startsDiscontinuity) == [false, true])
    }

    /// Of each stream of packets in turn: packet identifier, count, and whether there is a payload.
    private func transportPackets(_ bytes: ByteBuffer) -> [(id: Int, count: Int, hasPayload: Bool)] {
        let view = Array(bytes.readableBytesView)
        return stride(from: 0, to: view.count, by: 188).map { start in
            #expect(view[start] == 0x47)
            return (
                Int(view[start + 1] & 0x1f) << 8 | Int(view[start + 2]), Int(view[start + 3] & 0x0f), view[start + 3] & 0x10 != 0
            )
        }
    }

    /// - Parameter lateAudio: as FFmpeg tells of AAC that it copies: with the first sound.
    @Test(arguments: [false, true])
    func segmentsOneBehindTheOtherMissNoPacket(lateAudio: Bool) throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(video: Self.video)
        if !lateAudio { segmenter.configure(audio: Self.audio) }
        // Sizes that leave the counters anywhere at the seams.
        for index in 0..<400 {
            segmenter.consume(Self.picture(Int64(index) * 3000, key: index % 60 == 0, size: 400 + index * 37 % 1900))
            if index == 1 { segmenter.configure(audio: Self.audio) }
            if index > 0 || !lateAudio { segmenter.consume(Self.sound(Int64(index) * 3000)) }
        }
        segmenter.finish()
        #expect(collected.warnings == [])
        #expect(collected.segments.count == 7)
        var counts: [Int: Int] = [:]
        var seen: [Int: Int] = [:]
        for segment in collected.segments {
            for packet in transportPackets(segment.bytes) {
                if let before = counts[packet.id] {
                    #expect(packet.count == (packet.hasPayload ? before + 1 : before) % 16, "packet identifier \(packet.id)")
                }
                counts[packet.id] = packet.count
                seen[packet.id, default: 0] += 1
            }
            #expect(segment.hash == Keccak256.hash(segment.bytes))
            #expect(!segment.startsDiscontinuity)
        }
        // PAT, PMT, pictures, sounds: each more than once in each segment.
        for id in [0, 0x1000, 0x100, 0x101] { #expect(seen[id, default: 0] >= 14, "packet identifier \(id)") }
        #expect(try collected.segments.map { try Probe($0.bytes).audio.count }.reduce(0, +) == (lateAudio ? 399 : 400))
        #expect(try collected.segments.map { try Probe($0.bytes).video.count }.reduce(0, +) == 400)
    }

    @Test func soundToldOfWithinTheFirstSegmentIsInIt() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(video: Self.video)
        for index in 0..<10 { segmenter.consume(Self.picture(Int64(index) * 3000, key: index == 0)) }
        segmenter.configure(audio: Self.audio)
        for index in 10..<100 {
            segmenter.consume(Self.picture(Int64(index) * 3000, key: index % 60 == 0))
            segmenter.consume(Self.sound(Int64(index) * 3000))
        }
        segmenter.finish()
        #expect(collected.warnings == [])
        #expect(collected.segments.map(\.videoFrames) == [60, 40])
        #expect(collected.segments.map(\.startsDiscontinuity) == [false, false])
        let first = try Probe(try #require(collected.segments.first).bytes)
        #expect(first.video.map(\.pts) == (0..<60).map { $0 * 3000 } && first.audio.map(\.pts) == (10..<60).map { $0 * 3000 })
        #expect(first.video.first?.isKey == true)
    }

    @Test func picturesToldOfWithinTheFirstSegmentAreInIt() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(audio: Self.audio)
        for index in 0..<10 { segmenter.consume(Self.sound(Int64(index) * 1920)) }
        segmenter.configure(video: Self.video)
        for index in 0..<130 { segmenter.consume(Self.picture(19_200 + Int64(index) * 3000, key: index % 60 == 0)) }
        segmenter.finish()
        #expect(collected.warnings == [])
        #expect(collected.segments.map(\.videoFrames) == [60, 60, 10])
        #expect(try Probe(try #require(collected.segments.first).bytes).audio.count == 10)
    }

    @Test func laterSoundWaitsForTheNextKeyFrame() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(video: Self.video)
        for index in 0..<200 {
            if index == 70 { segmenter.configure(audio: Self.audio) }
            segmenter.consume(Self.picture(Int64(index) * 3000, key: index % 60 == 0))
            if index >= 70 { segmenter.consume(Self.sound(Int64(index) * 3000)) }
        }
        segmenter.finish()
        #expect(collected.warnings.count == 1)
        #expect(collected.warnings.first?.contains("segment 4: audio whose configuration came in its middle") == true)
        #expect(collected.segments.map(\.videoFrames) == [60, 60, 60, 20])
        #expect(collected.segments.map(\.startsDiscontinuity) == [false, false, true, false])
        let probes = try collected.segments.map { try Probe($0.bytes) }
        #expect(probes.map { $0.video.first?.isKey } == [true, true, true, true])
        #expect(probes.map(\.audio.count) == [0, 0, 60, 20])
        #expect(collected.segments.map { $0.audio == nil } == [true, true, false, false])
    }

    @Test func anotherSoundCodingWaitsForTheNextKeyFrame() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(video: Self.video)
        segmenter.configure(audio: Self.audio)
        let mono = AudioParameters(codec: .aac, sampleRate: 44_100, channels: 1, configuration: [0x12, 0x08])
        for index in 0..<120 {
            if index == 30 { segmenter.configure(audio: mono) }
            segmenter.consume(Self.picture(Int64(index) * 3000, key: index % 60 == 0))
            segmenter.consume(Self.sound(Int64(index) * 3000))
        }
        segmenter.finish()
        #expect(collected.segments.map(\.startsDiscontinuity) == [false, true])
        #expect(collected.segments.map(\.audio) == [Self.audio, mono])
        #expect(try collected.segments.map { try Probe($0.bytes).audio.count } == [30, 60])
    }

    /// Frames of 960 samples, which ADTS has no way to say.
    @Test func soundThatCannotBeCarriedDoesNotCostThePictures() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(video: Self.video)
        segmenter.configure(audio: AudioParameters(codec: .aac, sampleRate: 48_000, channels: 2, configuration: [0x11, 0x94]))
        for index in 0..<130 {
            segmenter.consume(Self.picture(Int64(index) * 3000, key: index % 60 == 0))
            segmenter.consume(Self.sound(Int64(index) * 3000))
        }
        segmenter.finish()
        #expect(collected.warnings.count == 1 && collected.warnings.first?.hasPrefix("the sound is left out") == true)
        #expect(collected.segments.map(\.videoFrames) == [60, 60, 10])
        #expect(collected.segments.allSatisfy { $0.audio == nil && !$0.startsDiscontinuity })
    }

    @Test func audioAlone() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.configure(audio: Self.audio)
        for index in 0..<200 { segmenter.consume(Self.sound(Int64(index) * 1920)) }
        segmenter.finish()
        #expect(collected.segments.count == 3)
        #expect(collected.segments.allSatisfy { $0.video == nil && $0.videoFrames == 0 && $0.audio != nil })
        #expect(try collected.segments.map { try Probe($0.bytes).audio.count }.reduce(0, +) == 200)
    }

    @Test func nothingInNothingOut() throws {
        let collected = Collected()
        let segmenter = try segmenter(collected)
        segmenter.finish()
        #expect(collected.segments.isEmpty)
    }
}
