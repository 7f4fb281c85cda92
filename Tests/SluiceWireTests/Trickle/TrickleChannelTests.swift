import NIOCore
import Testing

@testable import SluiceWire

@Suite struct TrickleChannelTests {
    private var bench = TrickleChannelBench()

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
        bench = TrickleChannelBench { $0.keepTime = .zero }
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
