import Testing

@testable import SluiceWire

@Suite struct StreamedSegmentKeyFramesTests {
    @Test(arguments: [[1, nil], [nil, 0], [(1 << 33) - 1, 7, nil]] as [[Int64?]]) func theyComeOutAsTheyWentIn(times: [Int64?]) throws {
        let text = try #require(StreamedSegmentKeyFrames.text(of: times))
        #expect(StreamedSegmentKeyFrames.times(from: text, renditions: times.count) == times)
    }

    @Test func noWishIsNoHeader() {
        #expect(StreamedSegmentKeyFrames.text(of: []) == nil)
        #expect(StreamedSegmentKeyFrames.text(of: [nil, nil]) == nil)
        #expect(StreamedSegmentKeyFrames.text(of: [5, nil]) == "5,-")
    }

    @Test(arguments: ["", "1", "1,2,3", "1,x", "-1,2", "1,8589934592", "1,", "1;2"]) func anythingElseIsRefused(text: String) {
        #expect(StreamedSegmentKeyFrames.times(from: text, renditions: 2) == nil)
    }
}
