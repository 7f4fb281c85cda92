import SluiceWire

/// Answers that break one rule each.
enum AnswerBreaches {
    private static let playlist = MadeUpPlaylist().playlist
    private static let goodHeaders = [
        "content-type": "application/vnd.apple.mpegurl", "content-encoding": "gzip", "cache-control": "public, max-age=1",
    ]

    private static func reload(_ sequence: Int64, _ part: Int?, status: Int = 200, seconds: Double = 0.1) -> [HLSFinding] {
        ReloadRules.check(
            .init(sequence: sequence, part: part), status: status, seconds: seconds, answer: status == 200 ? playlist : nil,
            targetDuration: 2)
    }

    private static func playlistAnswer(without header: String? = nil, with value: String? = nil, isSecure: Bool = false) -> [HLSFinding] {
        var headers = goodHeaders
        if let header { headers[header] = value }
        return AnswerRules.playlist(
            .init(status: 200, headers: headers, isSecure: isSecure), directives: false, isLowLatency: true, targetDuration: 2)
    }

    private static let full = MadeUpPlaylist(mediaSequence: 90, segments: 18)

    private static func delta(_ change: (inout MadeUpPlaylist) -> Void) -> PlaylistReader {
        var delta = full
        change(&delta)
        return delta.playlist
    }

    static let all: [Breach] = [
        Breach(.reloadAnswered, "with 404", reload(108, 2, status: 404)),
        Breach(.reloadHasWhatWasAsked, "a part that is not there", reload(108, 3)),
        Breach(.reloadHasWhatWasAsked, "a segment that is not complete", reload(108, nil)),
        Breach(.reloadHasWhatWasAsked, "a part past the end, and the next one's first is not there", overflow),
        Breach(.reloadGivesUp, "an answer after 8 s", reload(108, 2, seconds: 8)),
        Breach(.farFutureRefused, "held", ReloadRules.BadRequest.farFuture.check(status: nil, query: "q")),
        Breach(.partAloneRefused, "a playlist", ReloadRules.BadRequest.partAlone.check(status: 200, query: "q")),
        Breach(.badNumberRefused, "a playlist for -1", ReloadRules.BadRequest.negative.check(status: 200, query: "q")),
        Breach(.badNumberRefused, "a playlist for a word", ReloadRules.BadRequest.noNumber.check(status: 200, query: "q")),
        Breach(
            .deltaKeepsBoundary, "5 of 18 segments left, as MediaMTX does",
            DeltaRules.check(delta { $0.skipped = 13 }, against: full.playlist)),
        Breach(
            .deltaKeepsBoundary, "no boundary was promised",
            DeltaRules.check(
                delta {
                    $0.skipped = 4
                    $0.control = "CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6"
                }, against: full.playlist)),
        Breach(.deltaMatches, "skips what was never there", DeltaRules.check(delta { $0.skipped = 4 }, against: playlist)),
        Breach(.deltaMatches, "other segments", DeltaRules.check(otherDelta, against: full.playlist)),
        Breach(.hintAnswered, "with 404", MediaRules.hint("p", hinted: (404, []), later: [1])),
        Breach(.hintIsThePart, "other bytes", MediaRules.hint("p", hinted: (200, [1]), later: [1, 2])),
        Breach(.segmentIsItsParts, "a part too many", MediaRules.segment("s", segment: [1, 2], parts: [[1], [2], [3]])),
        Breach(.mediaThere, "404", AnswerRules.media(.init(status: 404), name: "s", targetDuration: 2)),
        Breach(
            .mediaCaching, "no-store",
            AnswerRules.media(.init(status: 200, headers: ["cache-control": "no-store"]), name: "s", targetDuration: 2)),
        Breach(
            .mediaCaching, "a second",
            AnswerRules.media(.init(status: 200, headers: ["cache-control": "max-age=1"]), name: "s", targetDuration: 2)),
        Breach(
            .errorCaching, "for an hour",
            AnswerRules.missing(.init(status: 404, headers: ["cache-control": "max-age=3600"]), targetDuration: 2)),
        Breach(.rangeHonoured, "the whole", AnswerRules.range(.init(status: 200, length: 100), first: 0, last: 9, size: 100, name: "s")),
        Breach(
            .rangeHonoured, "a byte short",
            AnswerRules.range(
                .init(status: 206, headers: ["content-range": "bytes 0-9/100"], length: 9), first: 0, last: 9, size: 100, name: "s")),
        Breach(.rangeOutsideRefused, "the whole", AnswerRules.outside(.init(status: 200), name: "s")),
        Breach(.playlistType, "text", playlistAnswer(without: "content-type", with: "text/plain")),
        Breach(.playlistGzip, "plain", playlistAnswer(without: "content-encoding")),
        Breach(.http2OverTLS, "HTTP/1.1 over TLS", playlistAnswer(isSecure: true)),
        Breach(.playlistCaching, "nothing said", playlistAnswer(without: "cache-control")),
        Breach(.playlistCaching, "a minute", playlistAnswer(without: "cache-control", with: "max-age=60")),
    ]

    private static var overflow: [HLSFinding] {
        let ended = MadeUpPlaylist(mediaSequence: 100, openParts: 0).playlist
        return ReloadRules.check(.init(sequence: 107, part: 10), status: 200, seconds: 0.1, answer: ended, targetDuration: 2)
    }

    private static var otherDelta: PlaylistReader {
        var delta = full
        delta.skipped = 4
        return delta.changed("\n99.m4s", "\nother.m4s")
    }
}
