import NIOCore
import SluiceTesting
import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite struct RenditionCheckTests {
    private static func box(_ name: String, _ payload: Int, size: UInt32? = nil) -> ByteBuffer {
        var box = ByteBuffer(integer: size ?? UInt32(8 + payload))
        box.writeString(name)
        box.writeRepeatingByte(0, count: payload)
        return box
    }

    private static func file(_ boxes: ByteBuffer...) -> ByteBuffer {
        boxes.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
    }

    @Test(arguments: ["av720p30gop2s.ts", "bframes.ts", "hevc.ts", "audio-only.ts"])
    func transportStreamsPass(name: String) throws {
        #expect(RenditionCheck.objection(to: try Fixture.bytes("media/\(name)"), as: .mpegTS) == nil)
    }

    @Test func fragmentedMP4Passes() throws {
        #expect(RenditionCheck.objection(to: try Fixture.bytes("media/frag.mp4"), as: .mp4) == nil)
    }

    @Test func aPacketWithoutItsSyncByteIsNamed() throws {
        var bytes = try Fixture.bytes("media/bframes.ts")
        bytes.setInteger(UInt8(0x48), at: 5 * 188)
        #expect(RenditionCheck.objection(to: bytes, as: .mpegTS) == "no MPEG-TS packet begins at byte 940")
    }

    @Test func halfAPacketIsNone() throws {
        let bytes = try #require(try Fixture.bytes("media/bframes.ts").getSlice(at: 0, length: 10 * 188 + 100))
        #expect(RenditionCheck.objection(to: bytes, as: .mpegTS) == "its last MPEG-TS packet has 100 of 188 bytes")
    }

    @Test(arguments: [SegmentContainer.mpegTS, .mp4])
    func anErrorPageIsNoMedia(container: SegmentContainer) {
        let page = ByteBuffer(string: "<html><body>502 Bad Gateway, and a little more text</body></html>")
        #expect(RenditionCheck.objection(to: page, as: container) != nil)
    }

    @Test func oneContainerIsNotTheOther() throws {
        #expect(RenditionCheck.objection(to: try Fixture.bytes("media/frag.mp4"), as: .mpegTS) != nil)
        #expect(RenditionCheck.objection(to: try Fixture.bytes("media/bframes.ts"), as: .mp4) != nil)
    }

    @Test func boxesEndWhereTheFileEnds() {
        let whole = Self.file(Self.box("ftyp", 8), Self.box("moov", 16), Self.box("mdat", 100))
        #expect(RenditionCheck.objection(to: whole, as: .mp4) == nil)
        let cut = whole.getSlice(at: 0, length: whole.readableBytes - 1) ?? whole
        #expect(RenditionCheck.objection(to: cut, as: .mp4) == "its MP4 box mdat has 107 of 108 bytes")
        let open = Self.file(Self.box("moof", 8), Self.box("mdat", 100, size: 0))
        #expect(RenditionCheck.objection(to: open, as: .mp4) == nil)
    }

    @Test func mediaNeedsItsDescription() {
        #expect(RenditionCheck.objection(to: Self.box("mdat", 10), as: .mp4) == "no MP4 box that describes its media")
        #expect(RenditionCheck.objection(to: Self.box("moov", 10), as: .mp4) == "no MP4 box with media in it")
    }

    /// Sizes below a header's own would walk in place for ever; one beyond the word must not trap.
    @Test(arguments: [UInt32(2), 7]) func aBoxIsNoSmallerThanItsHeader(size: UInt32) {
        #expect(RenditionCheck.objection(to: Self.box("mdat", 10, size: size), as: .mp4) == "no MP4 box begins at byte 0")
    }

    @Test func aLongBoxIsRead() {
        var long = ByteBuffer(integer: UInt32(1))
        long.writeString("mdat")
        long.writeInteger(UInt64(24))
        long.writeRepeatingByte(0, count: 8)
        #expect(RenditionCheck.objection(to: Self.file(Self.box("moof", 8), long), as: .mp4) == nil)
        var absurd = ByteBuffer(integer: UInt32(1))
        absurd.writeString("mdat")
        absurd.writeInteger(UInt64.max)
        #expect(RenditionCheck.objection(to: absurd, as: .mp4) == "no MP4 box begins at byte 0")
    }
}
