import NIOCore
import SluiceTypes
import Testing

@testable import SluiceWire

@Suite struct StreamedSegmentTests {
    private static let first = ByteBuffer(string: "the first rendition, long enough to be one")
    private static let second = ByteBuffer(string: "the second rendition, long enough to be one")

    /// One line an event; bytes of one rendition that come one after another are one.
    private static func told(_ events: [SegmentEvent]) -> [String] {
        var lines: [String] = []
        var bytes: [Int: ByteBuffer] = [:]
        for event in events {
            switch event {
            case .renditionBytes(let index, let piece): bytes[index, default: ByteBuffer()].writeImmutableBuffer(piece)
            case .renditionComplete(let index, let facts):
                lines.append("\(index) \(String(buffer: bytes[index] ?? ByteBuffer())) \(facts.pixels)")
            case .finished: lines.append("finished")
            default: lines.append("\(event)")
            }
        }
        return lines
    }

    private static func written(_ events: [SegmentEvent]) -> ByteBuffer {
        var writer = StreamedSegmentWriter(renditions: 2)
        var all = ByteBuffer()
        for event in events { all.writeImmutableBuffer(writer.frames(for: event) ?? ByteBuffer()) }
        return all
    }

    private static let whole: [SegmentEvent] = [
        .accepted, .renditionBytes(rendition: 1, second), .renditionBytes(rendition: 0, first),
        .renditionComplete(rendition: 0, facts: RenditionFacts(pixels: 7)),
        .renditionComplete(rendition: 1, facts: RenditionFacts(pixels: 1 << 40)), .finished,
    ]

    @Test(arguments: [1, 2, 5, 6, 7, 41, 10_000]) func itIsReadInWhateverPiecesItComes(size: Int) throws {
        var bytes = Self.written(Self.whole)
        var reader = StreamedSegmentReader(renditions: 2)
        var events: [SegmentEvent] = []
        while bytes.readableBytes > 0, let piece = bytes.readSlice(length: min(size, bytes.readableBytes)) {
            events += try reader.read(piece)
        }
        try reader.end()
        #expect(
            Self.told(events) == [
                "0 \(String(buffer: Self.first)) 7", "1 \(String(buffer: Self.second)) \(1 << 40)", "finished",
            ])
    }

    @Test func bytesOfAnyLengthGoInFramesThatAreNotTooLong() throws {
        let large = ByteBuffer(repeating: 3, count: StreamedSegmentFrame.longestBytes * 2 + 1)
        let bytes = Self.written([.renditionBytes(rendition: 0, large)])
        #expect(bytes.readableBytes == large.readableBytes + 3 * StreamedSegmentFrame.headerSize)
        var reader = StreamedSegmentReader(renditions: 2)
        #expect(try reader.read(bytes).count == 3)
    }

    @Test func theFormIsAsDocumented() {
        let bytes = Self.written([.renditionBytes(rendition: 1, ByteBuffer(string: "abc"))])
        #expect(Array(bytes.readableBytesView) == [1, 1, 0, 0, 0, 3] + Array("abc".utf8))
        #expect(
            Array(StreamedSegmentFrame.failure(SegmentFailure(.busy, "")).readableBytesView) == [4, 0, 0, 0, 0, 16]
                + Array("OrchestratorBusy".utf8))
    }

    @Test func aFailureIsThePeersOwn() {
        var reader = StreamedSegmentReader(renditions: 2)
        let failure = #expect(throws: SegmentFailure.self) {
            try reader.read(StreamedSegmentFrame.failure(SegmentFailure(.mediaUnusable, "No keyframes in input")))
        }
        #expect(failure == SegmentFailure(.mediaUnusable, "No keyframes in input"))
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var what: String
        var bytes: [UInt8]
        var testDescription: String { what }
    }

    private static func frame(_ kind: UInt8, _ rendition: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = UInt32(payload.count)
        return [kind, rendition] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + payload
    }

    private static let text = [UInt8](repeating: 65, count: 30)
    private static let ending = Keccak256.hash(text) + [0, 0, 0, 0, 0, 0, 0, 1]

    private static let wrongs = [
        Wrong(what: "a frame of kind 9", bytes: frame(9, 0, [])),
        Wrong(what: "a frame of kind 0", bytes: frame(0, 0, [1])),
        Wrong(what: "rendition 2, where 2 were asked for", bytes: frame(1, 2, [1])),
        Wrong(what: "rendition 255, where 2 were asked for", bytes: frame(2, 255, ending)),
        Wrong(what: "rendition 0 goes on behind its end", bytes: frame(1, 0, text) + frame(2, 0, ending) + frame(1, 0, [1])),
        Wrong(what: "rendition 0 goes on behind its end", bytes: frame(1, 0, text) + frame(2, 0, ending) + frame(2, 0, ending)),
        Wrong(what: "rendition 0 has not the hash it should", bytes: frame(1, 0, text + [1]) + frame(2, 0, ending)),
        Wrong(what: "rendition 0: 0 bytes are no segment", bytes: frame(2, 0, ending)),
        Wrong(what: "a frame 'renditionEnd' of 39 bytes", bytes: frame(2, 0, ending.dropLast())),
        Wrong(what: "a frame 'bytes' of 0 bytes", bytes: frame(1, 0, [])),
        Wrong(what: "a frame 'finished' of 1 bytes", bytes: frame(3, 0, [1])),
        Wrong(what: "finished, but rendition 1 has no end", bytes: frame(1, 0, text) + frame(2, 0, ending) + frame(3, 0, [])),
        // Refused at its head: nothing of it is waited for.
        Wrong(what: "a frame 'bytes' of 262145 bytes", bytes: [1, 0, 0, 4, 0, 1]),
        Wrong(what: "a frame 'failure' of 4294967295 bytes", bytes: [4, 0, 255, 255, 255, 255]),
        Wrong(what: "a frame of kind 71", bytes: [UInt8](repeating: 0x47, count: 188)),
    ]

    @Test(arguments: wrongs) func aWrongFrameIsNamed(wrong: Wrong) {
        var reader = StreamedSegmentReader(renditions: 2)
        let failure = #expect(throws: SegmentFailure.self) { try reader.read(ByteBuffer(bytes: wrong.bytes)) }
        #expect(failure?.reason == .protocolViolation && failure?.detail == wrong.what)
    }

    @Test func tooManyBytesOfARenditionAreRefused() throws {
        var reader = StreamedSegmentReader(renditions: 1, limit: 40)
        _ = try reader.read(ByteBuffer(bytes: Self.frame(1, 0, Self.text)))
        let failure = #expect(throws: SegmentFailure.self) { try reader.read(ByteBuffer(bytes: Self.frame(1, 0, Self.text))) }
        #expect(failure == SegmentFailure(.protocolViolation, "rendition 0 is over 40 bytes"))
    }

    @Test func anAnswerThatStopsIsNotFinished() throws {
        let bytes = Self.written(Self.whole)
        for length in 0..<bytes.readableBytes {
            var reader = StreamedSegmentReader(renditions: 2)
            _ = try reader.read(try #require(bytes.getSlice(at: bytes.readerIndex, length: length)))
            let failure = #expect(throws: SegmentFailure.self) { try reader.end() }
            #expect(failure?.reason == .protocolViolation)
        }
    }

    @Test func nothingComesBehindTheEnd() throws {
        var reader = StreamedSegmentReader(renditions: 2)
        _ = try reader.read(Self.written(Self.whole))
        #expect(throws: SegmentFailure(.protocolViolation, "bytes behind the end")) { try reader.read(ByteBuffer(bytes: [1])) }
    }

    @Test func theTrailerIsHexadecimal() {
        let hash = Keccak256.hash(Self.first)
        let text = StreamedSegmentTrailer.text(of: hash)
        #expect(text.utf8.count == 64)
        #expect(StreamedSegmentTrailer.hash(from: text) == hash)
        #expect(StreamedSegmentTrailer.hash(from: text.uppercased()) == hash)
        for wrong in ["", "00", String(text.dropLast()), text + "0", "g" + text.dropFirst(), "é" + text.dropFirst(2)] {
            #expect(StreamedSegmentTrailer.hash(from: wrong) == nil, "\(wrong)")
        }
    }
}
