import NIOCore
import Testing

@testable import SluiceGateway

@Suite struct DataLinesTests {
    private func said(_ pieces: [String], to lines: DataLines = DataLines(), _ reading: AsyncStream<ByteBuffer>? = nil) async throws
        -> [String]
    {
        let reading = try #require(reading ?? lines.read())
        var cutter = DataLines.Cutter()
        for piece in pieces { cutter.take(ByteBuffer(string: piece), lines) }
        cutter.finish(lines)
        lines.end()
        var found: [String] = []
        for await line in reading { found.append(String(buffer: line)) }
        return found
    }

    @Test func linesAreCutOutOfPiecesAndTheEndOfASegmentEndsOne() async throws {
        #expect(try await said(["{\"a\":1}\n{\"b\"", ":2}\r\n\n", "{\"c\":3}"]) == ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"])
    }

    @Test func aLineWithoutEndIsLeftOutAndTheNextIsHeard() async throws {
        let long = String(repeating: "x", count: (1 << 20) + 1)
        #expect(try await said([long, long, "y\nnext\n"]) == ["next"])
    }

    @Test func whoIsSlowMissesTheOldest() async throws {
        let lines = DataLines()
        let reading = try #require(lines.read())
        let found = try await said((0..<100).map { "\($0)\n" }, to: lines, reading)
        #expect(found.count == 64 && found.first == "36" && found.last == "99")
    }

    @Test func readersAreBoundedAndAPlaceIsFreeWhenOneGoes() async throws {
        let lines = DataLines()
        var readers = (0..<DataLines.mostReaders).compactMap { _ in lines.read() }
        #expect(readers.count == DataLines.mostReaders && lines.read() == nil)
        readers.removeLast()
        #expect(lines.read() != nil)
    }

    @Test func afterTheEndThereIsNothingToRead() async throws {
        let lines = DataLines()
        lines.end()
        for await _ in try #require(lines.read()) { Issue.record("a line after the end") }
    }
}
