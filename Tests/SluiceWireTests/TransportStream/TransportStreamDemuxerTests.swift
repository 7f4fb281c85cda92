import Foundation
import NIOCore
import SluiceTypes
import Testing

@testable import SluiceWire

@Suite struct TransportStreamDemuxerTests {
    private static func fixture(_ name: String) throws -> ByteBuffer {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardizedFileURL
        return ByteBuffer(bytes: try Data(contentsOf: root.appending(path: "Fixtures/media/\(name)")))
    }

    private static func read(
        _ bytes: ByteBuffer, by size: Int = .max, unboundedEnd: TransportStreamDemuxer.UnboundedEnd = .nextUnit, near: MediaTime = .zero
    ) throws(TransportStreamError) -> [EncodedPacket] {
        var bytes = bytes
        var demuxer = TransportStreamDemuxer(near: near, unboundedEnd: unboundedEnd)
        var packets: [EncodedPacket] = []
        while bytes.readableBytes > 0, let piece = bytes.readSlice(length: min(size, bytes.readableBytes)) {
            try demuxer.read(piece) { packets.append($0) }
        }
        try demuxer.end { packets.append($0) }
        return packets
    }

    private func line(_ packet: EncodedPacket) -> String {
        "\(packet.track) \(packet.pts.ticks) \(packet.dts.ticks) \(packet.isKey) \(packet.payload.readableBytes)"
    }

    @Test(arguments: [1, 19, 187, 188, 189, 4096, 100_000]) func itIsReadInWhateverPiecesItComes(size: Int) throws {
        let bytes = try Self.fixture("bframes.ts")
        let whole = try Self.read(bytes)
        let pieces = try Self.read(bytes, by: size)
        #expect(whole.count > 100)
        #expect(pieces.map(line) == whole.map(line))
        #expect(pieces.map(\.payload) == whole.map(\.payload))
    }

    @Test func aUnitLeavesWithItsLastByte() throws {
        var stream = MadeUpTransportStream()
        let picture = MadeUpTransportStream.picture(isKey: true, size: 400)
        stream.unit(MadeUpTransportStream.video, pts: 9000, dts: 6000, picture)
        let bytes = stream.bytes
        var demuxer = TransportStreamDemuxer(near: .zero)
        var packets: [EncodedPacket] = []
        let last = try #require(bytes.getSlice(at: bytes.writerIndex - 1, length: 1))
        let rest = try #require(bytes.getSlice(at: 0, length: bytes.readableBytes - 1))
        try demuxer.read(rest) { packets.append($0) }
        #expect(packets.isEmpty)
        try demuxer.read(last) { packets.append($0) }
        #expect(packets.map(line) == ["video 9000 6000 true 400"])
        #expect(packets.first?.payload == ByteBuffer(bytes: picture))
        #expect(demuxer.hasVideo && demuxer.hasAudio && demuxer.videoCodec == .h264)
    }

    /// What a picture whose length is not announced costs: the next one's beginning, unless its last packet is stuffed and that counts.
    @Test(arguments: [(true, false, 1), (false, false, 0), (false, true, 1)])
    func aPictureWithoutLengthEndsAFrameLater(isBounded: Bool, byStuffing: Bool, whole: Int) throws {
        var stream = MadeUpTransportStream(types: [0x1b])
        stream.unit(MadeUpTransportStream.video, pts: 3000, MadeUpTransportStream.picture(isKey: true, size: 1000), isBounded: isBounded)
        var demuxer = TransportStreamDemuxer(near: .zero, unboundedEnd: byStuffing ? .stuffing : .nextUnit)
        var packets: [EncodedPacket] = []
        try demuxer.read(stream.bytes) { packets.append($0) }
        #expect(packets.count == whole)
        let first = stream.bytes.readableBytes
        stream.unit(MadeUpTransportStream.video, pts: 6000, MadeUpTransportStream.picture(isKey: false, size: 400), isBounded: isBounded)
        let rest = try #require(stream.bytes.getSlice(at: first, length: stream.bytes.readableBytes - first))
        // Its first packet is enough.
        let next = try #require(rest.getSlice(at: rest.readerIndex, length: 188))
        let others = try #require(rest.getSlice(at: rest.readerIndex + 188, length: rest.readableBytes - 188))
        try demuxer.read(next) { packets.append($0) }
        #expect(packets.map(line) == ["video 3000 3000 true 1000"])
        try demuxer.read(others) { packets.append($0) }
        try demuxer.end { packets.append($0) }
        #expect(packets.map(line) == ["video 3000 3000 true 1000", "video 6000 6000 false 400"])
    }

    /// A last packet that happens to be full tells nothing: the next picture does.
    @Test func aFullLastPacketWaitsForTheNextPicture() throws {
        var stream = MadeUpTransportStream(types: [0x1b])
        // Fourteen bytes of head, then 184 + 170.
        stream.unit(MadeUpTransportStream.video, pts: 3000, MadeUpTransportStream.picture(isKey: true, size: 354), isBounded: false)
        var demuxer = TransportStreamDemuxer(near: .zero, unboundedEnd: .stuffing)
        var count = 0
        try demuxer.read(stream.bytes) { _ in count += 1 }
        #expect(count == 0)
        try demuxer.end { _ in count += 1 }
        #expect(count == 1)
    }

    @Test func soundIsPartedIntoFramesWhereverTheyAreCut() throws {
        var stream = MadeUpTransportStream()
        let frames = [100, 150, 200].map { MadeUpTransportStream.sound(size: $0) }
        let all = frames.flatMap { $0 }
        stream.unit(MadeUpTransportStream.audio, pts: 90_000, Array(all[..<200]))
        stream.unit(MadeUpTransportStream.audio, pts: 90_000 + 2 * 1920, Array(all[200...]))
        let packets = try Self.read(stream.bytes)
        #expect(packets.map(line) == ["audio 90000 90000 true 107", "audio 91920 91920 true 157", "audio 93840 93840 true 207"])
        #expect(packets.map(\.payload) == frames.map { ByteBuffer(bytes: $0) })
    }

    @Test func timesGoOnOverTheTurnOfTheClock() throws {
        let turn: Int64 = 1 << 33
        var stream = MadeUpTransportStream(types: [0x1b])
        for (index, time) in [turn - 3000, 0, 3000].enumerated() {
            stream.unit(MadeUpTransportStream.video, pts: time, MadeUpTransportStream.picture(isKey: index == 0, size: 50))
        }
        let packets = try Self.read(stream.bytes, near: MediaTime(ticks: 5 * turn - 9000))
        #expect(packets.map(\.pts.ticks) == [5 * turn - 3000, 5 * turn, 5 * turn + 3000])
    }

    @Test func aPacketSentTwiceCountsOnce() throws {
        var stream = MadeUpTransportStream(types: [0x1b])
        stream.unit(MadeUpTransportStream.video, pts: 0, MadeUpTransportStream.picture(isKey: true, size: 100))
        var bytes = stream.bytes
        let last = try #require(bytes.getSlice(at: bytes.writerIndex - 188, length: 188))
        bytes.writeImmutableBuffer(last)
        #expect(try Self.read(bytes).count == 1)
        bytes.writeImmutableBuffer(last)
        #expect(throws: TransportStreamError.self) { try Self.read(bytes) }
    }

    // MARK: Malformed

    private func objection(_ change: (inout MadeUpTransportStream, inout [UInt8]) -> Void) -> String {
        var stream = MadeUpTransportStream()
        stream.unit(MadeUpTransportStream.video, pts: 3000, MadeUpTransportStream.picture(isKey: true, size: 500))
        var added = MadeUpTransportStream()
        var bytes = Array(stream.bytes.readableBytesView)
        change(&added, &bytes)
        do {
            _ = try Self.read(ByteBuffer(bytes: bytes))
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    @Test func whatIsWrongIsSaid() {
        #expect(objection { $1[2 * 188] = 0x48 } == "MPEG-TS packet 2: begins with 72 instead of the sync byte 71")
        #expect(objection { $1[2 * 188 + 1] |= 0x80 } == "MPEG-TS packet 2: is marked as damaged")
        #expect(objection { $1[2 * 188 + 3] |= 0x80 } == "MPEG-TS packet 2: is scrambled")
        #expect(objection { $1[188 + 12] ^= 1 }.hasSuffix("has a table whose checksum is wrong"))
        #expect(objection { $1.removeSubrange(3 * 188..<4 * 188) } == "MPEG-TS packet 3: has counter 2 behind 0: packets are missing")
        #expect(objection { $1.removeLast() } == "MPEG-TS packet 4: has 187 of 188 bytes")
        #expect(objection { $1.removeLast(188) } == "MPEG-TS packet 4: ends a PES packet after 354 of 500 bytes")
        #expect(objection { $1[2 * 188 + 6] = 9 }.hasSuffix("begins a PES packet without its start code"))
        #expect(objection { $1[2 * 188 + 9] = 1 }.hasSuffix("that has 354 bytes and announced 249"))
        #expect(objection { $1[2 * 188 + 11] = 0 } == "MPEG-TS packet 4: ends a picture without a time")
        #expect(objection { $1[4 * 188 + 4] = 200 }.contains("adaptation field of 200 bytes"))
        #expect(objection { $1.removeLast($1.count) } == "MPEG-TS packet 0: is the end, and no tables have come")
        #expect(objection { $1 += $0.bytes.readableBytesView } == "nothing")
    }

    @Test func otherCodingsAreNamed() {
        var stream = MadeUpTransportStream(types: [0x1b, 0x03])
        stream.unit(MadeUpTransportStream.video, pts: 0, MadeUpTransportStream.picture(isKey: true, size: 50))
        do {
            _ = try Self.read(stream.bytes)
            Issue.record("MP3 was read")
        } catch {
            #expect(error.isUnsupported)
            #expect("\(error)".contains("announces a stream of type 3"))
        }
    }

    @Test func aPictureWithoutEndIsRefused() throws {
        var stream = MadeUpTransportStream(types: [0x1b])
        stream.unit(MadeUpTransportStream.video, pts: 0, MadeUpTransportStream.picture(isKey: true, size: 170), isBounded: false)
        let filler = [UInt8](repeating: 7, count: 184)
        for _ in 0..<(8 << 20) / 184 { stream.packet(MadeUpTransportStream.video, begins: false, filler) }
        #expect(throws: TransportStreamError.self) { try Self.read(stream.bytes) }
    }

    /// Any damage is an error or a difference, and never a trap or a unit out of all bounds.
    @Test(arguments: ["av720p30gop2s.ts", "bframes.ts", "hevc.ts", "audio-only.ts"]) func damageIsSurvived(name: String) throws {
        let whole = try Self.fixture(name)
        let packets = min(160, whole.readableBytes / 188)
        let good = Array(whole.readableBytesView.prefix(packets * 188))
        var numbers = SeededNumbers(seed: 7)
        var refused = 0
        let rounds = 400
        for round in 0..<rounds {
            var bytes = good
            for _ in 0...numbers.next(below: 4) {
                let place = numbers.next(below: bytes.count)
                switch numbers.next(below: 5) {
                case 0: bytes[place] = UInt8(numbers.next(below: 256))
                case 1: bytes[place] ^= 1 << numbers.next(below: 8)
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + numbers.next(below: 400)))
                case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 188)], at: place)
                // The heads are where it hurts.
                default: bytes[min(bytes.count - 1, place / 188 * 188 + numbers.next(below: 24))] = UInt8(numbers.next(below: 256))
                }
                if bytes.count < 400 { break }
            }
            do {
                let units = try Self.read(
                    ByteBuffer(bytes: bytes), by: 1 + numbers.next(below: 1000), unboundedEnd: round % 2 == 0 ? .nextUnit : .stuffing)
                #expect(units.allSatisfy { $0.payload.readableBytes <= bytes.count })
            } catch {
                refused += 1
            }
        }
        #expect(refused > rounds / 3)
    }
}
