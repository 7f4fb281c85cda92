import NIOCore
import SluiceWire
import Testing

@Suite struct FrameStampTests {
    @Test(arguments: [0, 1, 127, 128, 1_795_669_056_165_123, (1 << 56) - 1] as [Int64])
    func readsWhatItWrites(_ time: Int64) {
        let unit = FrameStamp.unit(microseconds: time)
        #expect(FrameStamp.stamps(in: ByteBuffer(bytes: [0, 0, 1] + unit + [9, 9])) == [time])
        // Nothing in it needs escaping in a NAL unit.
        #expect(!unit.contains(0))
    }

    @Test func findsSeveral() {
        let bytes = FrameStamp.unit(microseconds: 7) + [1, 2, 0xb7, 3] + FrameStamp.unit(microseconds: 8)
        #expect(FrameStamp.stamps(in: ByteBuffer(bytes: bytes)) == [7, 8])
    }

    @Test func aStampCutOffIsNone() {
        let unit = FrameStamp.unit(microseconds: 7)
        for length in 0..<(unit.count - 1) { #expect(FrameStamp.stamps(in: ByteBuffer(bytes: unit[..<length])) == []) }
    }
}

@Suite struct TransportStreamFramesTests {
    /// A PES packet of one frame over as many transport packets as it takes, and packets of another stream between them.
    private func segment(_ frames: [(pts: Int64, unit: [UInt8])]) -> ByteBuffer {
        var bytes = ByteBuffer()
        func packet(_ identifier: UInt16, starts: Bool, _ payload: ArraySlice<UInt8>) {
            bytes.writeInteger(UInt8(0x47))
            bytes.writeInteger(identifier | (starts ? 0x4000 : 0))
            let stuffing = 184 - payload.count
            bytes.writeInteger(UInt8(stuffing > 0 ? 0x30 : 0x10))
            if stuffing > 0 {
                bytes.writeInteger(UInt8(stuffing - 1))
                if stuffing > 1 { bytes.writeBytes([0] + [UInt8](repeating: 0xff, count: stuffing - 2)) }
            }
            bytes.writeBytes(payload)
        }
        for frame in frames {
            let time: [UInt8] = [
                0x21 | UInt8(frame.pts >> 29 & 14), UInt8(truncatingIfNeeded: frame.pts >> 22),
                1 | UInt8(truncatingIfNeeded: frame.pts >> 14 & 254),
                UInt8(truncatingIfNeeded: frame.pts >> 7), 1 | UInt8(truncatingIfNeeded: frame.pts << 1),
            ]
            var rest = ([0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5] + time + frame.unit)[...]
            var starts = true
            while !rest.isEmpty {
                packet(0x100, starts: starts, rest.prefix(184))
                packet(0x101, starts: starts, [0, 0, 1, 0xc0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1])
                rest = rest.dropFirst(184)
                starts = false
            }
        }
        return bytes
    }

    @Test func readsTimesAndStamps() {
        let padding = [UInt8](repeating: 5, count: 170)
        let frames: [(pts: Int64, unit: [UInt8])] = [
            (9000, FrameStamp.unit(microseconds: 11)), (12_000, []),
            // The stamp lies across two packets.
            ((1 << 33) - 1, padding + FrameStamp.unit(microseconds: 12) + padding),
        ]
        #expect(
            TransportStreamFrames.read(segment(frames)) == [
                StampedFrame(pts: 9000, stamp: 11), StampedFrame(pts: 12_000, stamp: nil), StampedFrame(pts: (1 << 33) - 1, stamp: 12),
            ])
    }

    @Test func bytesThatAreNoTransportStreamGiveNothing() {
        #expect(TransportStreamFrames.read(ByteBuffer(bytes: (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7) })) == [])
        #expect(TransportStreamFrames.read(ByteBuffer(repeating: 0x47, count: 188 * 3)) == [])
        #expect(TransportStreamFrames.read(ByteBuffer()) == [])
    }
}

@Suite struct FragmentFramesTests {
    private func box(_ kind: String, _ body: [UInt8]) -> [UInt8] { word(UInt32(body.count + 8)) + Array(kind.utf8) + body }
    private func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }

    private func track(_ id: UInt32, _ handler: String, timescale: UInt32) -> [UInt8] {
        let header = box("tkhd", word(0) + word(0) + word(0) + word(id))
        let media = box("mdhd", word(0) + word(0) + word(0) + word(timescale)) + box("hdlr", word(0) + word(0) + Array(handler.utf8))
        return box("trak", header + box("mdia", media))
    }

    private var initialization: ByteBuffer {
        let defaults = box("mvex", box("trex", [word(0), word(1), word(1), word(3000), word(0), word(0)].flatMap { $0 }))
        return ByteBuffer(bytes: box("moov", track(2, "soun", timescale: 48_000) + track(1, "vide", timescale: 90_000) + defaults))
    }

    private func part(time: UInt32, samples: [[UInt8]], shift: UInt32 = 0) -> [UInt8] {
        func moof(_ offset: UInt32) -> [UInt8] {
            let run = word(0xa01) + word(UInt32(samples.count)) + word(offset) + samples.flatMap { word(UInt32($0.count)) + word(shift) }
            return box("moof", box("traf", box("tfhd", word(0x20000) + word(1)) + box("tfdt", word(0) + word(time)) + box("trun", run)))
        }
        return moof(UInt32(moof(0).count + 8)) + box("mdat", samples.flatMap { $0 })
    }

    @Test func readsTimesAndStamps() throws {
        let reader = try #require(FragmentFrames(initialization: initialization))
        let bytes =
            part(time: 90_000, samples: [FrameStamp.unit(microseconds: 5), [1, 2, 3]], shift: 600)
            + part(time: 96_000, samples: [[9] + FrameStamp.unit(microseconds: 6)])
        #expect(
            reader.read(ByteBuffer(bytes: bytes)) == [
                StampedFrame(pts: 90_600, stamp: 5), StampedFrame(pts: 93_600, stamp: nil), StampedFrame(pts: 96_000, stamp: 6),
            ])
    }

    @Test func withoutVideoThereIsNothingToRead() {
        #expect(FragmentFrames(initialization: ByteBuffer(bytes: box("moov", track(2, "soun", timescale: 48_000)))) == nil)
        #expect(FragmentFrames(initialization: ByteBuffer(bytes: box("moov", track(1, "vide", timescale: 0)))) == nil)
        #expect(FragmentFrames(initialization: ByteBuffer()) == nil)
    }

    @Test func cutOffAnywhereItDoesNotTrap() throws {
        let reader = try #require(FragmentFrames(initialization: initialization))
        let whole = part(time: 90_000, samples: [FrameStamp.unit(microseconds: 5), [1, 2, 3]])
        for length in whole.indices { #expect(reader.read(ByteBuffer(bytes: whole[..<length])).count <= 2) }
        var broken = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<4 { bytes[Int.random(in: bytes.indices, using: &broken)] = .random(in: 0...255, using: &broken) }
            _ = reader.read(ByteBuffer(bytes: bytes))
        }
    }
}
