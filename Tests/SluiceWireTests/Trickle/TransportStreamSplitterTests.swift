import Foundation
import NIOCore
import Testing

@testable import SluiceWire

@Suite struct TransportStreamSplitterTests {
    private func stream() throws -> ByteBuffer {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardizedFileURL
        var all = ByteBuffer()
        for number in 0..<3 { all.writeBytes(try Data(contentsOf: root.appending(path: "Fixtures/media/av360p-3segments-\(number).ts"))) }
        return all
    }

    /// - Returns: the segments that `size` bytes at a time give.
    private func split(_ bytes: ByteBuffer, by size: Int) -> [ByteBuffer] {
        var bytes = bytes
        var splitter = TransportStreamSplitter()
        var segments = [ByteBuffer()]
        while let piece = bytes.readSlice(length: min(size, bytes.readableBytes)), piece.readableBytes > 0 {
            for part in splitter.consume(piece) {
                if part.beginsSegment, segments[segments.count - 1].readableBytes > 0 { segments.append(ByteBuffer()) }
                segments[segments.count - 1].writeImmutableBuffer(part.bytes)
            }
        }
        segments[segments.count - 1].writeImmutableBuffer(splitter.finish())
        return segments
    }

    @Test(arguments: [19, 187, 188, 4096, 1 << 20]) func nothingIsLostHoweverItComes(size: Int) throws {
        let whole = try stream()
        let segments = split(whole, by: size)
        var joined = ByteBuffer()
        for segment in segments { joined.writeImmutableBuffer(segment) }
        #expect(joined == whole)
        #expect(segments.count >= 3)
    }

    @Test func everySegmentBeginsWithItsTables() throws {
        for segment in split(try stream(), by: 4096) {
            let head = Array(segment.readableBytesView.prefix(3))
            // The service description or the association table.
            #expect([[0x47, 0x40, 0x11], [0x47, 0x40, 0x00]].contains(head), "\(head)")
        }
    }

    @Test func tablesAloneDoNotPileUp() {
        var splitter = TransportStreamSplitter()
        let table = ByteBuffer(bytes: [0x47, 0x40, 0x11, 0x10] + [UInt8](repeating: 0xFF, count: 184))
        var (held, most, given) = (0, 0, 0)
        for _ in 0..<10_000 {
            held += table.readableBytes
            for part in splitter.consume(table) {
                #expect(!part.beginsSegment)
                given += part.bytes.readableBytes
                held -= part.bytes.readableBytes
            }
            most = max(most, held)
        }
        #expect(most <= 65 * 188)
        #expect(given + splitter.finish().readableBytes == 10_000 * 188)
    }

    @Test func whatIsNoTransportStreamPassesThrough() {
        let text = ByteBuffer(string: String(repeating: "no transport stream ", count: 100))
        #expect(!TransportStreamSplitter.recognizes(text))
        #expect(split(text, by: 50) == [text])
        // A pointer and a length that lead out of the packet.
        let hostile = ByteBuffer(bytes: [0x47, 0x40, 0x00, 0x10, 0xFF, 0x00, 0xFF, 0xFF] + [UInt8](repeating: 0xFF, count: 180))
        #expect(split(hostile, by: 188) == [hostile])
    }
}
