import SluiceWire
import Testing

/// What is right and near to being wrong.
@Suite struct AnswerRulesTests {
    private let playlist = MadeUpPlaylist().playlist

    @Test(arguments: [(108, 2), (107, 9), (107, nil), (107, 10), (107, 40), (3, 0), (108, 0)] as [(Int64, Int?)])
    func aReloadWithWhatWasAskedIsClean(_ sequence: Int64, _ part: Int?) {
        #expect(
            ReloadRules.check(.init(sequence: sequence, part: part), status: 200, seconds: 5, answer: playlist, targetDuration: 2) == [])
    }

    @Test func givingUpAndTheEndAreAnswers() {
        let wish = ReloadRules.Wish(sequence: 109, part: 0)
        #expect(ReloadRules.check(wish, status: 503, seconds: 6, answer: nil, targetDuration: 2) == [])
        let ended = PlaylistReader(MadeUpPlaylist().text + "#EXT-X-ENDLIST\n")
        #expect(ReloadRules.check(wish, status: 200, seconds: 1, answer: ended, targetDuration: 2) == [])
    }

    @Test(arguments: ReloadRules.BadRequest.allCases)
    func aRefusalIsClean(_ request: ReloadRules.BadRequest) {
        #expect(request.check(status: 400, query: "") == [])
        #expect(!request.query(edge: PlaylistPosition(sequence: 5, part: 1)).isEmpty)
    }

    @Test func aDeltaWithinTheBoundaryIsClean() {
        var full = MadeUpPlaylist(mediaSequence: 90, segments: 18)
        let known = full.playlist
        full.skipped = 12
        #expect(DeltaRules.check(full.playlist, against: known) == [])
        #expect(PlaylistRules.check(full.playlist, asksForDelta: true) == [])
    }

    @Test func aFilledDeltaIsTheWhole() throws {
        var full = MadeUpPlaylist(mediaSequence: 90, segments: 18)
        let known = full.playlist
        full.skipped = 12
        full.openParts = 4
        let whole = try #require(full.playlist.filled(from: known))
        #expect(whole.entries.map(\.uri) == known.entries.map(\.uri))
        #expect(whole.entries.allSatisfy { $0.map?.uri == "init-0.mp4" })
        #expect(whole.nextPart == PlaylistPosition(sequence: 108, part: 4))
        full.mediaSequence = 80
        #expect(full.playlist.filled(from: known) == nil)
    }

    @Test func reportsBetweenTwoReadingsAreExact() {
        let before = PlaylistPosition(sequence: 108, part: 2)
        let after = PlaylistPosition(sequence: 108, part: 4)
        let low = ReportRules.Rendition(address: "http://host/ll/s/low.m3u8", before: before, after: after)
        #expect(ReportRules.check(playlist, at: "http://host/ll/s/source.m3u8", others: [low]) == [])
    }

    @Test func goodAnswersAreClean() {
        let headers = ["content-type": "application/vnd.apple.mpegurl", "content-encoding": "gzip", "cache-control": "public, max-age=12"]
        let answer = AnswerRules.Answer(status: 200, headers: headers, isHTTP2: true, isSecure: true)
        #expect(AnswerRules.playlist(answer, directives: true, isLowLatency: true, targetDuration: 2) == [])
        #expect(AnswerRules.media(.init(status: 200, headers: ["cache-control": "max-age=300"]), name: "s", targetDuration: 2) == [])
        #expect(AnswerRules.missing(.init(status: 404, headers: ["cache-control": "no-store"]), targetDuration: 2) == [])
        let part = AnswerRules.Answer(status: 206, headers: ["content-range": "bytes 5-9/100"], length: 5)
        #expect(AnswerRules.range(part, first: 5, last: 9, size: 100, name: "s") == [])
        #expect(AnswerRules.outside(.init(status: 416), name: "s") == [])
        #expect(MediaRules.hint("p", hinted: (200, [1]), later: [1]) == [])
        #expect(MediaRules.segment("s", segment: [1, 2], parts: [[1], [2]]) == [])
    }

    @Test(
        arguments: [
            ("max-age=10", 10 as Int?), ("public, max-age=10, s-maxage=3", 3), ("no-store", 0), ("max-age=10, no-cache", 0),
            ("public", nil), (nil, nil),
        ] as [(String?, Int?)])
    func ageOfACache(_ header: String?, _ age: Int?) {
        #expect(AnswerRules.Answer(status: 200, headers: header.map { ["cache-control": $0] } ?? [:]).cacheAge == age)
    }
}
