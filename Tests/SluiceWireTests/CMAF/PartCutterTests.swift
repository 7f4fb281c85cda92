import SluiceTypes
import SluiceWire
import Testing

@Suite struct PartCutterTests {
    private struct Cut {
        /// Number of the frame that had come when the part left, counted from 0.
        var after: Int
        var end: PartCutter.End
    }

    /// Frames stamped in whole milliseconds, as RTMP stamps them.
    private func stamps(_ rate: Double, _ count: Int) -> [MediaTime] {
        (0..<count).map { MediaTime(milliseconds: Int64((Double($0) * 1000 / rate).rounded())) }
    }

    private func cuts(_ stamps: [MediaTime], frame: MediaTime, aim: Int = 200) -> [Cut] {
        var cutter = PartCutter(target: PartTarget(aim: .milliseconds(aim)))
        var cuts: [Cut] = []
        for (index, stamp) in stamps.enumerated() {
            if let end = cutter.arrives(stamp, frame: frame) { cuts.append(Cut(after: index, end: end)) }
            if let end = cutter.takes(stamp, frame: frame) { cuts.append(Cut(after: index, end: end)) }
        }
        if let end = cutter.close(next: nil, frame: frame) { cuts.append(Cut(after: stamps.count - 1, end: end)) }
        return cuts
    }

    @Test(arguments: PartTargetTests.usual, [100, 200, 500]) func partsKeepTheRules(rate: Double, aim: Int) {
        let frame = MediaTime(seconds: 1 / rate)
        let stamps = stamps(rate, Int(rate * 20))
        let cuts = cuts(stamps, frame: frame, aim: aim)
        let limit = PartTarget(aim: .milliseconds(aim)).limit
        #expect(cuts.allSatisfy { $0.end.duration <= limit })
        #expect(cuts.dropLast().allSatisfy { $0.end.duration.seconds >= limit.seconds * 0.85 })
        let sum = cuts.reduce(0.0) { $0 + $1.end.duration.seconds }
        #expect(abs(sum - Double(stamps.count) / rate) < 0.003)
    }

    @Test func aPartLeavesWithItsLastFrame() {
        let cuts = cuts(stamps(30, 60), frame: MediaTime(ticks: 3000))
        #expect(cuts.map(\.after) == [5, 11, 17, 23, 29, 35, 41, 47, 53, 59])
    }

    @Test func framesThatComeLateEndThePartBeforeThem() {
        let cuts = cuts([0, 33, 67, 3000, 3033].map { MediaTime(milliseconds: $0) }, frame: MediaTime(ticks: 3000))
        #expect(cuts.map(\.after) == [3, 4])
        #expect(cuts[0].end.duration == MediaTime(milliseconds: 209))
        #expect(cuts[1].end.start == MediaTime(milliseconds: 3000))
        #expect(abs(cuts[1].end.duration.seconds - 0.0663) < 0.001)
    }

    @Test func framesThatJitterKeepTheTarget() {
        // 30 a second, each up to 12 ms early or late.
        let stamps = (0..<300).map { MediaTime(milliseconds: Int64($0) * 100 / 3 + Int64($0 * 7 % 25) - 12) }
        let cuts = cuts(stamps, frame: MediaTime(ticks: 3000))
        #expect(cuts.allSatisfy { $0.end.duration <= MediaTime(milliseconds: 209) })
        let sum = cuts.reduce(0.0) { $0 + $1.end.duration.seconds }
        #expect(abs(sum - 10) < 0.05)
    }

    @Test func standingTimesEndNothing() {
        let cuts = cuts(Array(repeating: MediaTime.zero, count: 100), frame: MediaTime(ticks: 3000))
        #expect(cuts.count == 1)
    }
}
