import NIOCore
import Testing

@testable import SluiceWire

/// What bounds a channel.
@Suite struct TrickleWindowTests {
    private var bench = TrickleChannelBench()

    @Test mutating func olderSegmentsGoWhenTheirTimeIsOver() throws {
        for number in 0...9 { try bench.publish(Int64(number), "x") }
        #expect(bench.channel.status.segments == 10)
        bench.wait(.seconds(30))
        bench.channel.evict(at: bench.now)
        #expect(bench.channel.status.segments == 5)
        let oldest = try bench.subscribe(.number(5))
        #expect(bench.read(oldest.reader).text == "x")
    }

    /// However many read it, a piece is in memory once.
    @Test mutating func allReadersOfAPieceHaveTheSameBytes() throws {
        let id = try bench.open(0)
        let readers = try (0..<3).map { _ in try bench.subscribe(.number(0)).reader }
        let piece = ByteBuffer(repeating: 7, count: 1000)
        _ = bench.channel.append(piece, to: id, at: bench.now)
        func place(_ buffer: ByteBuffer) -> UnsafeRawPointer? { buffer.withUnsafeReadableBytes { $0.baseAddress } }
        for reader in readers {
            let read = bench.channel.read(reader, upTo: 1 << 20).pieces
            #expect(read.map(place) == [place(piece)])
        }
    }

    @Test mutating func noMoreSegmentsThanTheMost() throws {
        bench = TrickleChannelBench { $0.mostSegments = 8 }
        for number in 0...99 { try bench.publish(Int64(number), "x") }
        #expect(bench.channel.status.segments == 8)
        for number in 200...299 { _ = try bench.open(Int64(number)) }
        #expect(bench.channel.status.segments == 8)
    }

    @Test mutating func noMoreBytesThanTheMost() throws {
        bench = TrickleChannelBench { $0.mostChannelBytes = 1000 }
        for number in 0...99 { try bench.publish(Int64(number), String(repeating: "x", count: 100)) }
        #expect(bench.channel.cost <= 1000)
        #expect(bench.channel.status.segments < 10)
    }

    @Test mutating func aSegmentWithoutEndIsCut() throws {
        bench = TrickleChannelBench { $0.mostSegmentBytes = 1000 }
        let id = try bench.open(0)
        let reader = try bench.subscribe(.number(0)).reader
        var last = TrickleAppend.taken
        for _ in 0..<20 where last == .taken { last = bench.append(String(repeating: "x", count: 100), to: id) }
        #expect(last == .tooLarge(limit: 1000))
        let end = try bench.end(of: reader)
        #expect(end.cut == .tooLarge)
    }

    @Test mutating func singleBytesCostMoreThanAByte() throws {
        bench = TrickleChannelBench { $0.mostSegmentBytes = 1000 }
        let id = try bench.open(0)
        var taken = 0
        while bench.append("x", to: id) == .taken { taken += 1 }
        #expect(taken < 20)
    }

    @Test mutating func aPieceDoesNotHoldTheBufferItCameIn() throws {
        let id = try bench.open(0)
        let piece = try #require(ByteBuffer(repeating: 1, count: 64 << 10).getSlice(at: 0, length: 10))
        _ = bench.channel.append(piece, to: id, at: bench.now)
        let reader = try bench.subscribe(.number(0)).reader
        let read = bench.channel.read(reader, upTo: 100)
        #expect(read.pieces.first == piece)
        #expect((read.pieces.first?.storageCapacity ?? .max) < 1000)
    }

    @Test mutating func aReaderUnderWhomItsSegmentLeavesIsTold() throws {
        bench = TrickleChannelBench { $0.mostChannelBytes = 1000 }
        let id = try bench.open(0)
        bench.append("first", to: id)
        let slow = try bench.subscribe(.number(0)).reader
        _ = bench.channel.read(slow, upTo: 1)
        bench.append(String(repeating: "x", count: 500), to: id)
        #expect(bench.channel.status.largestLag == 500)
        _ = bench.channel.finish(id, at: bench.now)
        #expect(bench.channel.holds(slow))
        try bench.publish(1, String(repeating: "y", count: 900))
        #expect(!bench.channel.holds(slow))
        let end = try bench.end(of: slow)
        #expect(end.cut == .lagged)
        let again = bench.channel.subscribe(to: .number(0))
        #expect(again == .notFound(sequence: 0, latest: 2))
    }

    @Test mutating func noMoreReadersThanTheMost() throws {
        bench = TrickleChannelBench { $0.mostReaders = 2 }
        let first = try bench.subscribe(.next).reader
        _ = try bench.subscribe(.next)
        let third = bench.channel.subscribe(to: .next)
        #expect(third == .full(limit: 2))
        bench.channel.leave(first)
        _ = try bench.subscribe(.next)
    }

    @Test mutating func everyByteKeepsAChannelAlive() throws {
        let id = try bench.open(0)
        for _ in 0..<10 {
            bench.wait(.seconds(299))
            #expect(!bench.channel.isIdle(at: bench.now))
            bench.append("x", to: id)
        }
        bench.wait(.seconds(300))
        #expect(bench.channel.isIdle(at: bench.now))
    }

    /// Whatever is said to a channel, in whatever order: it still takes a segment, and gives it to a reader.
    @Test(arguments: 0..<50) mutating func noOrderOfCallsBreaksIt(seed: UInt64) throws {
        bench = TrickleChannelBench { $0.mostSegments = 16 }
        var chance = Chance(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        var ids: [TrickleSegmentID] = []
        var readers: [TrickleReaderID] = []
        for _ in 0..<400 {
            let number = chance.below(10) == 0 ? TrickleIndex.highest - Int64(chance.below(3)) : Int64(chance.below(30))
            bench.wait(.milliseconds(chance.below(4000)))
            switch chance.below(9) {
            case 0, 1:
                let opening = bench.channel.open(chance.below(4) == 0 ? nil : number, resets: chance.below(5) == 0, at: bench.now)
                if case .segment(let id) = opening { ids.append(id) }
            case 2, 3: if let id = ids.randomElement(using: &chance) { bench.append("xyz", to: id) }
            case 4: if let id = ids.randomElement(using: &chance) { _ = bench.channel.finish(id, at: bench.now) }
            case 5: if let id = ids.randomElement(using: &chance) { bench.channel.abandon(id, at: bench.now) }
            case 6: _ = bench.channel.closeSegment(number, at: bench.now)
            case 7:
                let index = [TrickleIndex.next, .newest, .number(number)][chance.below(3)]
                if case .reader(let reader, _, _) = bench.channel.subscribe(to: index) { readers.append(reader) }
            default: if let reader = readers.randomElement(using: &chance) { _ = bench.read(reader) }
            }
            bench.channel.evict(at: bench.now)
            #expect(bench.channel.cost >= 0)
            #expect(bench.channel.status.segments <= 17)
        }
        let id = try bench.open(nil)
        bench.append("still here", to: id)
        let reader = try bench.subscribe(.number(id.sequence)).reader
        #expect(bench.read(reader).text.hasSuffix("still here"))
    }
}

private struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
