import SluiceTypes
import SluiceWire
import Testing

@Suite struct PlaylistReloadTests {
    /// Segments 0 to 5 of ten parts each, and three parts of segment 6.
    private let window = LowLatencyWindowTests.window(segments: 6, openParts: 3)

    private func isRefused(_ sequence: Int64, _ part: Int? = nil) -> Bool {
        if case .refuse = window.decide(PlaylistReload(sequence: sequence, part: part)) { true } else { false }
    }

    @Test(arguments: [(0, nil), (5, nil), (5, 9), (6, 0), (6, 2), (2, 40)] as [(Int64, Int?)])
    func whatIsThereIsAnswered(sequence: Int64, part: Int?) {
        #expect(window.decide(PlaylistReload(sequence: sequence, part: part)) == .answer)
    }

    @Test(arguments: [(6, nil), (7, nil), (6, 3), (6, 5), (7, 0), (7, 2)] as [(Int64, Int?)])
    func whatComesNextIsWaitedFor(sequence: Int64, part: Int?) {
        #expect(window.decide(PlaylistReload(sequence: sequence, part: part)) == .wait)
    }

    @Test func whatIsFarAwayIsRefused() {
        #expect(isRefused(8))
        #expect(isRefused(99_999_999))
        #expect(isRefused(.max))
        #expect(isRefused(6, 6))
        #expect(isRefused(7, 3))
    }

    @Test func aPartBeyondTheEndOfASegmentIsTheFirstOfTheNext() {
        let between = LowLatencyWindowTests.window(segments: 6)
        #expect(between.decide(PlaylistReload(sequence: 5, part: 10)) == .wait)
        #expect(between.decide(PlaylistReload(sequence: 5, part: 9)) == .answer)
        #expect(between.decide(PlaylistReload(sequence: 4, part: 10)) == .answer)
    }

    @Test func anEndedPlaylistIsAnsweredAtOnce() {
        var ended = window
        ended.end()
        #expect(ended.decide(PlaylistReload(sequence: 7, part: 0)) == .answer)
    }

    @Test(arguments: [
        "_HLS_msn=-1", "_HLS_msn=", "_HLS_msn=1.5", "_HLS_msn=+1", "_HLS_msn", "_HLS_part=1", "_HLS_msn=99999999999999999999",
        "_HLS_msn=1&_HLS_part=-1", "_HLS_msn=1&_HLS_part=x", "_HLS_skip=NO", "_HLS_skip=",
    ])
    func aMalformedQuestionIsRefused(query: String) {
        #expect(throws: PlaylistReload.Malformed.self) { try PlaylistReload(query: query[...]) }
    }

    @Test func parametersOfOthersAreLeftToThem() throws {
        let reload = try PlaylistReload(query: "token=x&_HLS_msn=7&_HLS_part=2&_HLS_skip=v2&_HLS_report=1")
        #expect(reload == PlaylistReload(sequence: 7, part: 2, skips: true))
        #expect(try PlaylistReload(query: "") == PlaylistReload())
    }
}
