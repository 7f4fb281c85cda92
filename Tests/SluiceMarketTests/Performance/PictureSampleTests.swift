import SluiceTypes
import Testing

@testable import SluiceMarket

@Suite struct PictureSampleTests {
    private static let fine = PictureSample(framesKept: 1, sizeKept: 1, ssim: 0.95, psnr: 34, frozen: 0)
    private static let bad: [PictureSample] = [
        PictureSample(framesKept: 1, sizeKept: 1, ssim: 0.1, psnr: 8, frozen: 1),
        PictureSample(framesKept: 1, sizeKept: 1, ssim: 0.7, psnr: 20, frozen: 1),
        PictureSample(framesKept: 0.3, sizeKept: 1, ssim: 0.95, psnr: 34, frozen: 0),
        PictureSample(framesKept: 1, sizeKept: 0.25, ssim: 0.95, psnr: 34, frozen: 0),
        .nothing,
    ]

    private static func outcome(bits: Double = 900) -> WorkOutcome {
        WorkOutcome(
            end: .done, kind: .primary, duration: 2, finish: 0.4, pixelsExpected: 1000, pixels: 1000, bitsExpected: 1000, bits: bits)
    }

    private static func key(_ name: String) -> Offer.Key { Offer.Key(OrchestratorID(name), "transcode") }

    @Test func theWorstOfItCounts() {
        #expect(Self.fine.kept == 1 && !Self.fine.isPoor)
        for sample in Self.bad { #expect(sample.isPoor, "\(sample)") }
        // What is no number is nothing.
        #expect(PictureSample(framesKept: .nan, sizeKept: 9, ssim: .infinity, psnr: .nan, frozen: -1).kept == 0)
    }

    /// Ten of them do the same, fast and without a fault; of one the pictures are something else.
    @Test(arguments: bad) func whoBringsOtherPicturesIsLast(_ sample: PictureSample) throws {
        var book = PerformanceBook()
        for _ in 0..<40 {
            for name in ["a", "b", "c", "cheat"] { book.add(Self.outcome(), of: Self.key(name), at: 1000) }
        }
        let before = book.ranking([], at: 1100).map(\.score)
        for name in ["a", "b", "c"] { book.add(Self.fine, of: Self.key(name), at: 1000) }
        book.add(sample, of: Self.key("cheat"), at: 1000)
        let ranking = book.ranking([], at: 1100)
        let last = try #require(ranking.last)
        #expect(last.key == Self.key("cheat"))
        #expect(last.score < 0.7 * (before.min() ?? 0), "\(last.score) of \(before)")
        #expect(last.tally.lastFault == 1000 && last.tally.pictures.poor == 1)
    }

    @Test func whoSavesOnBitrateIsLast() throws {
        var book = PerformanceBook()
        for _ in 0..<40 {
            for name in ["a", "b", "c"] { book.add(Self.outcome(), of: Self.key(name), at: 1000) }
            book.add(Self.outcome(bits: 100), of: Self.key("cheat"), at: 1000)
        }
        let ranking = book.ranking([], at: 1100)
        #expect(ranking.last?.key == Self.key("cheat"))
        #expect((ranking.first?.score ?? 0) > 1.5 * (ranking.last?.score ?? 1))
    }

    /// A still picture takes few bits, whoever encodes it.
    @Test func simplePicturesAreNobodysFault() {
        var book = PerformanceBook()
        for _ in 0..<40 {
            for name in ["a", "b", "c"] { book.add(Self.outcome(bits: 60), of: Self.key(name), at: 1000) }
        }
        #expect(book.ranking([], at: 1100).allSatisfy { $0.measures[.quality] == 1 })
    }

    @Test func aTallyComesBackWithItsPictures() {
        var tally = PerformanceTally()
        tally.add(Self.outcome(), at: 5)
        for sample in Self.bad { tally.add(sample, at: 7) }
        tally.add(Self.fine, at: 8)
        #expect(PerformanceTally(bytes: tally.bytes) == tally && tally.lastFault == 7)
        // What was written before there were samples is still read.
        var old = PerformanceTally()
        old.add(Self.outcome(), at: 5)
        let first = [1] + old.bytes.dropFirst().dropLast(64)
        #expect(PerformanceTally(bytes: Array(first)) == old)
        #expect(PerformanceTally(bytes: [9] + first.dropFirst()) == nil)
    }
}

@Suite struct SampleScheduleTests {
    private let one = OrchestratorID("one")

    /// Counts of looks in so many segments, one a second.
    private func looks(_ schedule: inout SampleSchedule, _ segments: Int, from start: Int = 0) -> [Int] {
        (start..<start + segments).filter { second in
            guard schedule.isDue(one, at: Double(second)) else { return false }
            schedule.took(one, at: Double(second))
            return true
        }
    }

    @Test func theFirstAndThenOneInSoMany() {
        var schedule = SampleSchedule(.init(segments: 10, seconds: 0))
        #expect(looks(&schedule, 31) == [0, 10, 20, 30])
    }

    @Test func andOneInSoManySecondsAtLeast() {
        var schedule = SampleSchedule(.init(segments: 1000, seconds: 12))
        #expect(looks(&schedule, 30) == [0, 12, 24])
    }

    @Test func whoWasFoundPoorIsLookedAtMoreOften() {
        var schedule = SampleSchedule(.init(segments: 20, seconds: 0))
        #expect(looks(&schedule, 1) == [0])
        schedule.found(one, isPoor: true)
        #expect(looks(&schedule, 6, from: 1) == [2, 4, 6])
        schedule.found(one, isPoor: false)
        #expect(looks(&schedule, 30, from: 7) == [26])
    }

    @Test func whatFoundNoPlaceIsDueAgain() {
        var schedule = SampleSchedule(.init(segments: 10, seconds: 0))
        let (first, second) = (schedule.isDue(one, at: 0), schedule.isDue(one, at: 1))
        #expect(first && second)
        schedule.took(one, at: 1)
        let third = schedule.isDue(one, at: 2)
        #expect(!third)
    }

    @Test func itCanBeOffAndIsBounded() {
        var off = SampleSchedule(.init(segments: 0, seconds: 1))
        #expect(looks(&off, 100).isEmpty)
        var schedule = SampleSchedule(.init(segments: 10, seconds: 0))
        for number in 0..<25_000 { _ = schedule.isDue(OrchestratorID("o\(number)"), at: Double(number)) }
        #expect(schedule.count <= 10_000)
    }
}
