import NIOCore
import SluiceWire
import Testing

@Suite struct WebSocketFramesTests {
    /// Short, of 300 and of 70 000 bytes, masked and not, one behind the other.
    private static let frames: [[UInt8]] = [
        [0x81, 0x02, 0x68, 0x69], [0x82, 0x82, 1, 2, 3, 4, 9, 9], [0x82, 126, 1, 44] + Array(repeating: 7, count: 300),
        [0x82, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70, 1, 2, 3, 4] + Array(repeating: 7, count: 70_000), [0x89, 0],
    ]

    @Test(arguments: [1, 2, 3, 7, 1000, 100_000]) func itKnowsWhereFramesEnd(step: Int) {
        let ends = Set(Self.frames.indices.map { Self.frames[...$0].reduce(0) { $0 + $1.count } } + [0])
        let all = Self.frames.flatMap { $0 }
        var frames = WebSocketFrames()
        var place = 0
        while place < all.count {
            #expect(frames.mayClose == ends.contains(place), "at \(place)")
            let next = min(all.count, place + step)
            frames.passed(ByteBuffer(bytes: all[place..<next]))
            place = next
        }
        #expect(frames.mayClose)
    }

    @Test func behindACloseThereIsNone() {
        var frames = WebSocketFrames()
        frames.passed(WebSocketFrames.close(1001, "bye", isMasked: true))
        #expect(!frames.mayClose)
    }

    @Test func aCloseFrameFitsInAControlFrame() {
        #expect(Array(WebSocketFrames.close(1000, "ok", isMasked: false).readableBytesView) == [0x88, 4, 0x03, 0xe8, 0x6f, 0x6b])
        let long = WebSocketFrames.close(1001, String(repeating: "x", count: 500), isMasked: true)
        #expect(long.readableBytes == 2 + 4 + 122 && long.getInteger(at: 1, as: UInt8.self) == 0x80 | 122)
    }
}
