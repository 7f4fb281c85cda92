import NIOCore
import SluiceWire
import Testing

@Suite struct RTMPChunkTests {
    private static func message(_ size: Int, at time: UInt32 = 7, kind: UInt8 = RTMPMessage.Kind.video) -> RTMPMessage {
        RTMPMessage(kind: kind, timestamp: time, stream: 1, payload: ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0) }))
    }

    private static func readAll(_ bytes: [UInt8], step: Int = .max) throws -> [RTMPMessage] {
        var reader = RTMPChunkReader()
        var messages: [RTMPMessage] = []
        var index = 0
        while index < bytes.count {
            let end = step > bytes.count - index ? bytes.count : index + step
            var piece = ByteBuffer(bytes: bytes[index..<end])
            reader.feed(&piece)
            while let message = try reader.next() { messages.append(message) }
            index = end
        }
        return messages
    }

    @Test(arguments: [0, 1, 127, 128, 129, 4096, 100_000], [0, 0xff_fffe, 0xff_ffff, UInt32.max])
    func `what is written is read, whole and byte by byte`(size: Int, time: UInt32) throws {
        var bytes = ByteBuffer()
        let written = Self.message(size, at: time)
        RTMPChunkWriter.write(written, chunkStream: 6, into: &bytes, chunkSize: 128)
        RTMPChunkWriter.write(written, chunkStream: 6, into: &bytes, chunkSize: 128)
        for step in size > 5000 ? [Int.max, 1000] : [Int.max, 1, 3] {
            let messages = try Self.readAll(Array(bytes.readableBytesView), step: step)
            #expect(messages.count == 2)
            for message in messages {
                #expect(message.payload == written.payload)
                #expect(message.timestamp == time && message.kind == written.kind && message.stream == 1)
            }
        }
    }

    /// Headers by hand: type, then the times expected.
    @Test(
        arguments: [
            // Type 0 at 1000, type 1 (+20), type 2 (+30), type 3 (again +30).
            (
                [0x04, 0, 0x03, 0xe8, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa, 0x44, 0, 0, 20, 0, 0, 1, 8, 0xbb, 0x84, 0, 0, 30, 0xcc, 0xc4, 0xdd],
                [1000, 1020, 1050, 1080]
            ),
            // A type 3 right after a type 0 steps by that one's time.
            ([0x04, 0, 0, 23, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa, 0xc4, 0xbb], [23, 46]),
            // An extended delta, and repeated by the type 3 after it.
            (
                [0x04, 0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa, 0x84, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xbb, 0xc4, 1, 0, 0, 0, 0xcc],
                [5, 0x0100_0005, 0x0200_0005]
            ),
            // Two- and three-byte forms of the chunk stream.
            ([0x00, 10, 0, 0, 1, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa, 0x01, 10, 1, 0, 0, 2, 0, 0, 1, 8, 1, 0, 0, 0, 0xbb], [1, 2]),
        ] as [([UInt8], [UInt32])])
    func `times follow the header types`(bytes: [UInt8], times: [UInt32]) throws {
        #expect(try Self.readAll(bytes).map(\.timestamp) == times)
        #expect(try Self.readAll(bytes, step: 1).map(\.timestamp) == times)
    }

    @Test func `extended time left out of continuation chunks is forgiven`() throws {
        var bytes: [UInt8] = [0x04, 0xff, 0xff, 0xff, 0, 0, 200, 9, 1, 0, 0, 0, 1, 0, 0, 0]
        bytes += [UInt8](repeating: 0x55, count: 128) + [0xc4] + [UInt8](repeating: 0x66, count: 72)
        let messages = try Self.readAll(bytes)
        #expect(messages.map(\.timestamp) == [0x0100_0000])
        #expect(messages.first?.payload.readableBytes == 200)
    }

    @Test func `messages of two chunk streams interleave`() throws {
        let head: (UInt8) -> [UInt8] = { [$0, 0, 0, 1, 0, 0, 130, 9, 1, 0, 0, 0] }
        let full = [UInt8](repeating: 1, count: 128)
        let bytes = head(4) + full + head(6) + full + [0xc4, 2, 2] + [0xc6, 3, 3]
        let messages = try Self.readAll(bytes)
        #expect(messages.map { $0.payload.readableBytesView.last } == [2, 3])
    }

    @Test func `chunk size and abort are obeyed`() throws {
        var bytes = ByteBuffer()
        let size = RTMPMessage(kind: RTMPMessage.Kind.setChunkSize, payload: ByteBuffer(integer: UInt32(5000)))
        RTMPChunkWriter.write(size, chunkStream: 2, into: &bytes)
        RTMPChunkWriter.write(Self.message(4999), chunkStream: 6, into: &bytes)
        // Half a message, given up.
        bytes.writeBytes([0x06, 0, 0, 1, 0, 0x20, 0, 9, 1, 0, 0, 0] + [UInt8](repeating: 9, count: 5000))
        let abort = RTMPMessage(kind: RTMPMessage.Kind.abort, payload: ByteBuffer(integer: UInt32(6)))
        RTMPChunkWriter.write(abort, chunkStream: 2, into: &bytes)
        RTMPChunkWriter.write(Self.message(10), chunkStream: 6, into: &bytes)
        #expect(try Self.readAll(Array(bytes.readableBytesView)).map(\.payload.readableBytes) == [4999, 10])
    }

    @Test(
        arguments: [
            ([0xc5, 1, 2, 3], "chunk stream 5 begins with a type 3 header"),
            ([0x85, 0, 0, 1], "chunk stream 5 begins with a type 2 header"),
            ([0x04, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0], "a message of 16777215 bytes; 8388608 is the limit"),
            ([0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0], "chunk size 0"),
        ] as [([UInt8], String)])
    func `nonsense is named`(bytes: [UInt8], what: String) {
        let error = #expect(throws: RTMPError.self) { try Self.readAll(bytes) }
        #expect(error?.what.hasPrefix(what) == true, "\(error?.what ?? "")")
    }

    @Test func `chunk streams and what lies in them are limited`() {
        let many = (0..<65).flatMap { id -> [UInt8] in [0x00, UInt8(id), 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa] }
        let error = #expect(throws: RTMPError.self) { try Self.readAll(many) }
        #expect(error?.what == "more than 64 chunk streams")

        var bytes = ByteBuffer()
        let size = RTMPMessage(kind: RTMPMessage.Kind.setChunkSize, payload: ByteBuffer(integer: UInt32(8_000_000)))
        RTMPChunkWriter.write(size, chunkStream: 2, into: &bytes)
        for id in UInt8(4)..<8 {
            bytes.writeBytes([id, 0, 0, 1, 0x7f, 0xff, 0xff, 9, 1, 0, 0, 0])
            bytes.writeRepeatingByte(1, count: 8_000_000)
        }
        let flood = #expect(throws: RTMPError.self) { try Self.readAll(Array(bytes.readableBytesView)) }
        #expect(flood?.what.contains("in unfinished messages") == true)
    }
}
