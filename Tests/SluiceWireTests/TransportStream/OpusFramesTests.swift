import NIOCore
import SluiceTypes
import Testing

@testable import SluiceWire

@Suite struct OpusFramesTests {
    /// 20 ms of CELT, in a packet of 300 bytes with its head.
    private func packet(_ size: Int = 300, toc: UInt8 = 0xf8) -> ByteBuffer {
        var bytes: [UInt8] = [0x7f, 0xe0] + [UInt8](repeating: 0xff, count: size / 255) + [UInt8(size % 255)]
        bytes += [toc] + [UInt8](repeating: 7, count: size - 1)
        return ByteBuffer(bytes: bytes)
    }

    @Test func severalInOnePacketFollowEachOther() throws {
        var frames = OpusFrames()
        var payload = packet()
        payload.writeImmutableBuffer(packet(255))
        let found = try frames.take(payload)
        #expect(found.map(\.bytes.readableBytes) == [300, 255])
        #expect(found.map(\.offset) == [.zero, MediaTime(milliseconds: 20)])
        #expect(!frames.isWithinFrame)
    }

    @Test func oneThatIsSpreadIsPutTogether() throws {
        for cut in 1..<300 {
            var frames = OpusFrames()
            var rest = packet()
            let slice = rest.readSlice(length: cut)
            let head = try #require(slice)
            #expect(try frames.take(head).isEmpty)
            #expect(frames.isWithinFrame)
            let found = try frames.take(rest)
            #expect(found.map(\.bytes.readableBytes) == [300] && found.first?.isCarried == true)
        }
    }

    @Test(arguments: [
        (UInt8(0xf8), Int64(20)), (UInt8(0xf9), Int64(40)), (UInt8(0x40), Int64(10)), (UInt8(0xe0), Int64(2)), (UInt8(0xd8), Int64(20)),
    ])
    func itsLengthIsInItsFirstByte(toc: UInt8, milliseconds: Int64) {
        let expected = toc == 0xe0 ? MediaTime(ticks: 225) : MediaTime(milliseconds: milliseconds)
        #expect(OpusFrames.duration(ByteBuffer(bytes: [toc])) == expected)
    }

    @Test(arguments: [[UInt8](repeating: 1, count: 20), [0x7f, 0xe0, 0], [0x7f, 0xe0] + [UInt8](repeating: 0xff, count: 60)])
    func whatIsNoOpusIsSaid(bytes: [UInt8]) {
        var frames = OpusFrames()
        #expect(throws: TransportPacket.Malformed.self) { try frames.take(ByteBuffer(bytes: bytes)) }
    }
}
