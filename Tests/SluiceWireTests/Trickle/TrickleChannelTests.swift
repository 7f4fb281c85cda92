import NIOCore
import Testing

@testable import SluiceWire

/// A channel, stepped on a clock of the test's own.
private struct Bench {
    var now = ContinuousClock.now
    var channel: TrickleChannel

    init(_ adjust: (inout TrickleLimits) -> Void = { _ in }) {
        var limits = TrickleLimits()
        adjust(&limits)
        channel = TrickleChannel(contentType: "video/MP2T", limits: limits, at: now)
    }

    mutating func open(_ sequence: Int64?, resets: Bool = false) throws -> TrickleSegmentID {
        guard case .segment(let id) = channel.open(sequence, resets: resets, at: now) else { throw Unexpected() }
        return id
    }

    @discardableResult mutating func append(_ text: String, to id: TrickleSegmentID) -> TrickleAppend {
        channel.append(ByteBuffer(string: text), to: id, at: now)
    }

    /// A whole segment.
    mutating func publish(_ sequence: Int64?, _ text: String, resets: Bool = false) throws {
        let id = try open(sequence, resets: resets)
        if !text.isEmpty { append(text, to: id) }
        _ = channel.finish(id, at: now)
    }

    mutating func subscribe(_ index: TrickleIndex) throws -> (reader: TrickleReaderID, id: TrickleSegmentID, latest: Int64?) {
        guard case .reader(let reader, let id, let latest) = channel.subscribe(to: index) else { throw Unexpected() }
        return (reader, id, latest)
    }

    /// All that the reader can have now.
    mutating func read(_ reader: TrickleReaderID) -> (text: String, next: TrickleReading.Next) {
        var text = ""
        while true {
            let reading = channel.read(reader, upTo: 4)
            text += reading.pieces.map { String(buffer: $0) }.joined()
            if reading.next != .more { return (text, reading.next) }
        }
    }

    mutating func end(of reader: TrickleReaderID) throws -> TrickleEnd {
        guard case .ended(let end) = read(reader).next else { throw Unexpected() }
        return end
    }

    mutating func wait(_ time: Duration) { now = now.advanced(by: time) }

    struct Unexpected: Error {}
}

@Suite struct TrickleChannelTests {
    private var bench = Bench()

    // The worked timeline of specs/trickle-protocol §5.5.
    @Test mutating func aStreamFromItsFirstSegmentToItsEnd() throws {
        let first = try bench.open(0)
        let early = try bench.subscribe(.next)
        #expect(early.id == first)
        #expect(early.latest == nil)
        #expect(bench.read(early.reader).next == .waiting)
        bench.append("ab", to: first)
        #expect(bench.channel.takeStirred() == [first])
        #expect(bench.channel.nextWrite == 1)
        let second = try bench.open(1)
        let ahead = try bench.subscribe(.number(1))
        #expect(ahead.id == second)
        bench.append("cd", to: first)
        let sawOpen = bench.read(early.reader)
        #expect(sawOpen == ("abcd", .waiting))
        let hadBytes = bench.channel.finish(first, at: bench.now)
        #expect(hadBytes)
        let end = try bench.end(of: early.reader)
        #expect(end == TrickleEnd(cut: nil, latest: 1, isChannelClosed: false))
        bench.append("ef", to: second)
        let swapped = bench.read(ahead.reader)
        #expect(swapped == ("ef", .waiting))
        let third = try bench.open(2)
        bench.channel.close(at: bench.now)
        #expect(bench.channel.status(of: third) == .channelClosed)
        let last = try bench.end(of: ahead.reader)
        #expect(last == TrickleEnd(cut: nil, latest: 2, isChannelClosed: true))
        let after = bench.channel.subscribe(to: .next)
        #expect(after == .closed(sequence: 2, latest: 2))
    }

    @Test mutating func theNewestIsReadFromItsFirstByte() throws {
        try bench.publish(0, "old")
        let id = try bench.open(1)
        bench.append("new", to: id)
        let late = try bench.subscribe(.newest)
        #expect(late.id == id)
        #expect(late.latest == 2)
        let read = bench.read(late.reader)
        #expect(read == ("new", .waiting))
    }

    @Test mutating func anEmptyChannelHasItsFirstTwoNumbersAndNoMore() throws {
        let newest = try bench.subscribe(.newest)
        #expect(newest.id.sequence == 0)
        #expect(newest.latest == nil)
        let ahead = try bench.subscribe(.number(1))
        #expect(ahead.latest == 0)
        let farther = bench.channel.subscribe(to: .number(2))
        #expect(farther == .notFound(sequence: 2, latest: 0))
    }

    @Test mutating func tooOldAndTooFarAheadAreNotFoundAtOnce() throws {
        bench = Bench { $0.keepTime = .zero }
        for number in 0...6 { try bench.publish(Int64(number), "x\(number)") }
        let old = bench.channel.subscribe(to: .number(1))
        #expect(old == .notFound(sequence: 1, latest: 7))
        let far = bench.channel.subscribe(to: .number(9))
        #expect(far == .notFound(sequence: 9, latest: 7))
        let kept = try bench.subscribe(.number(2))
        #expect(bench.read(kept.reader).text == "x2")
    }

    @Test mutating func anEmptySegmentMovesTheEdge() throws {
        let reader = try bench.subscribe(.next).reader
        try bench.publish(0, "")
        #expect(bench.channel.nextWrite == 1)
        let end = try bench.end(of: reader)
        #expect(end == TrickleEnd(cut: nil, latest: 1, isChannelClosed: false))
    }

    @Test mutating func bytesOfASecondPostToAnOpenSegmentAreAppended() throws {
        let first = try bench.open(0)
        bench.append("Hello", to: first)
        let again = try bench.open(0)
        #expect(again == first)
        bench.append("Goodby", to: again)
        let reader = try bench.subscribe(.number(0)).reader
        #expect(bench.read(reader).text == "HelloGoodby")
    }

    @Test mutating func aFinishedNumberIsNotWrittenAgain() throws {
        try bench.publish(0, "once")
        let again = bench.channel.open(0, resets: false, at: bench.now)
        #expect(again == .finished(sequence: 0))
        #expect(bench.channel.nextWrite == 1)
    }

    @Test mutating func lateBytesDoNotMoveTheEdgeBack() throws {
        let late = try bench.open(3)
        try bench.publish(4, "four")
        bench.append("three", to: late)
        #expect(bench.channel.nextWrite == 5)
        let reader = try bench.subscribe(.number(3)).reader
        #expect(bench.read(reader).text == "three")
    }

    @Test mutating func aResetFreesThoseWhoHangOnTheLifeBefore() throws {
        try bench.publish(0, "zero")
        let half = try bench.open(1)
        bench.append("half", to: half)
        let reader = try bench.subscribe(.number(1)).reader
        let ahead = try bench.open(2)
        let restarted = try bench.open(nil, resets: true)
        #expect(restarted == ahead)
        let read = bench.read(reader)
        #expect(read.text == "half")
        #expect(read.next == .ended(TrickleEnd(cut: nil, latest: 2, isChannelClosed: false)))
        let late = bench.append("late", to: half)
        #expect(late == .late)
    }

    @Test mutating func aPublisherThatBeginsAnewAtZeroTakesTheEdgeWithIt() throws {
        for number in 0...20 { try bench.publish(Int64(number), "old") }
        let waiting = try bench.subscribe(.next)
        #expect(waiting.id.sequence == 21)
        bench.wait(.seconds(1))
        let first = try bench.open(0)
        let second = try bench.open(1)
        #expect(bench.channel.nextWrite == 21)
        bench.append("new", to: first)
        #expect(bench.channel.nextWrite == 1)
        let end = try bench.end(of: waiting.reader)
        #expect(end.latest == 1)
        bench.append("newer", to: second)
        #expect(bench.channel.nextWrite == 2)
        let reader = try bench.subscribe(.number(0)).reader
        #expect(bench.read(reader).text == "new")
        let gone = bench.channel.subscribe(to: .number(20))
        #expect(gone == .notFound(sequence: 20, latest: 2))
    }

    @Test mutating func aSegmentThatIsOvertakenByManyIsTakenForLateNotForARestart() throws {
        for number in 0...20 where number != 2 { try bench.publish(Int64(number), "x") }
        try bench.publish(2, "late")
        #expect(bench.channel.nextWrite == 21)
        let reader = try bench.subscribe(.number(2)).reader
        #expect(bench.read(reader).text == "late")
    }

    @Test mutating func aPublisherThatBeginsAnewAtOnceIsFoundOutWhenTheEdgeStaysSilent() throws {
        for number in 0...20 { try bench.publish(Int64(number), "old") }
        for number in 0...5 {
            bench.wait(.milliseconds(300))
            // The first are taken for what is there already.
            try? bench.publish(Int64(number), "new")
        }
        #expect(bench.channel.nextWrite == 6)
    }

    @Test mutating func aPublisherThatSaysSoBeginsAnewAtANumberJustFinished() throws {
        for number in 0...2 { try bench.publish(Int64(number), "old") }
        try bench.publish(0, "new", resets: true)
        #expect(bench.channel.nextWrite == 1)
        let reader = try bench.subscribe(.newest).reader
        #expect(bench.read(reader).text == "new")
    }

    @Test mutating func aLostPublisherCutsItsSegment() throws {
        let id = try bench.open(0)
        bench.append("half", to: id)
        let reader = try bench.subscribe(.number(0)).reader
        bench.channel.abandon(id, at: bench.now)
        let end = try bench.end(of: reader)
        #expect(end.cut == .publisherLost)
    }

    @Test mutating func aLostAnnouncementWaitsForWhoTriesAgain() throws {
        let id = try bench.open(0)
        let reader = try bench.subscribe(.number(0)).reader
        bench.channel.abandon(id, at: bench.now)
        #expect(bench.read(reader).next == .waiting)
        try bench.publish(0, "here")
        #expect(bench.read(reader).text == "here")
    }

    @Test mutating func theOneOfTwoWritersWhoStaysKeepsTheSegmentOpen() throws {
        let id = try bench.open(0)
        _ = try bench.open(0)
        bench.append("a", to: id)
        bench.channel.abandon(id, at: bench.now)
        let more = bench.append("b", to: id)
        #expect(more == .taken)
    }

    @Test mutating func whoWaitsForANumberThatIsPassedOverIsFreed() throws {
        try bench.publish(0, "zero")
        let reader = try bench.subscribe(.next).reader
        try bench.publish(2, "two")
        #expect(bench.read(reader).next == .waiting)
        try bench.publish(3, "three")
        let end = try bench.end(of: reader)
        #expect(end.latest == 4)
    }

    @Test mutating func aNumberGivenUpBeforeItsFirstByteIsPassedOver() throws {
        _ = try bench.open(nil)
        _ = bench.channel.closeSegment(0, at: bench.now)
        let next = try bench.open(nil)
        #expect(next.sequence == 1)
    }

    @Test mutating func closingASegmentFreesItsReadersAndMovesNothing() throws {
        let id = try bench.open(0)
        let reader = try bench.subscribe(.number(0)).reader
        let isThere = bench.channel.closeSegment(0, at: bench.now)
        #expect(isThere)
        #expect(bench.channel.status(of: id) == .segmentClosed)
        let end = try bench.end(of: reader)
        #expect(end == TrickleEnd(cut: nil, latest: 0, isChannelClosed: false))
        let isThereToo = bench.channel.closeSegment(7, at: bench.now)
        #expect(!isThereToo)
    }
}

/// What bounds a channel.
@Suite struct TrickleWindowTests {
    private var bench = Bench()

    @Test mutating func olderSegmentsGoWhenTheirTimeIsOver() throws {
        for number in 0...9 { try bench.publish(Int64(number), "x") }
        #expect(bench.channel.status.segments == 10)
        bench.wait(.seconds(30))
        bench.channel.evict(at: bench.now)
        #expect(bench.channel.status.segments == 5)
        let oldest = try bench.subscribe(.number(5))
        #expect(bench.read(oldest.reader).text == "x")
    }

    @Test mutating func noMoreSegmentsThanTheMost() throws {
        bench = Bench { $0.mostSegments = 8 }
        for number in 0...99 { try bench.publish(Int64(number), "x") }
        #expect(bench.channel.status.segments == 8)
        for number in 200...299 { _ = try bench.open(Int64(number)) }
        #expect(bench.channel.status.segments == 8)
    }

    @Test mutating func noMoreBytesThanTheMost() throws {
        bench = Bench { $0.mostChannelBytes = 1000 }
        for number in 0...99 { try bench.publish(Int64(number), String(repeating: "x", count: 100)) }
        #expect(bench.channel.cost <= 1000)
        #expect(bench.channel.status.segments < 10)
    }

    @Test mutating func aSegmentWithoutEndIsCut() throws {
        bench = Bench { $0.mostSegmentBytes = 1000 }
        let id = try bench.open(0)
        let reader = try bench.subscribe(.number(0)).reader
        var last = TrickleAppend.taken
        for _ in 0..<20 where last == .taken { last = bench.append(String(repeating: "x", count: 100), to: id) }
        #expect(last == .tooLarge(limit: 1000))
        let end = try bench.end(of: reader)
        #expect(end.cut == .tooLarge)
    }

    @Test mutating func singleBytesCostMoreThanAByte() throws {
        bench = Bench { $0.mostSegmentBytes = 1000 }
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
        bench = Bench { $0.mostChannelBytes = 1000 }
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
        bench = Bench { $0.mostReaders = 2 }
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
        bench = Bench { $0.mostSegments = 16 }
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
