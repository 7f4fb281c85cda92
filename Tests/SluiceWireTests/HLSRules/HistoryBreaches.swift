import SluiceWire

/// Pairs of playlists of which the second breaks a rule.
enum HistoryBreaches {
    private static func after(_ first: PlaylistReader, _ second: PlaylistReader, seconds: Double = 0.2) -> [HLSFinding] {
        var history = PlaylistHistory()
        _ = history.check(first, at: 0)
        return history.check(second, at: seconds)
    }

    private static let good = MadeUpPlaylist()

    private static func breach(_ rule: HLSRule, _ name: String, _ from: String, _ to: String) -> Breach {
        Breach(rule, name, after(good.playlist, good.later.changed(from, to)))
    }

    /// The segment of the open parts is over, its eleventh hinted part never came, and the next one's has another name.
    private static var otherHint: PlaylistReader { MadeUpPlaylist(openParts: 4).changed("URI=\"108.3.m4s\"", "URI=\"other.m4s\"") }

    static let all: [Breach] = [
        breach(.targetDurationConstant, "3 instead of 2", "#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:3"),
        breach(.partTargetConstant, "0.205 instead of 0.2", "PART-TARGET=0.2", "PART-TARGET=0.205"),
        breach(.serverControlConstant, "another PART-HOLD-BACK", "PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.615"),
        breach(.serverControlConstant, "another CAN-SKIP-UNTIL", "CAN-SKIP-UNTIL=12.0", "CAN-SKIP-UNTIL=13.0"),
        Breach(.sequenceForward, "back by one segment", after(good.playlist, MadeUpPlaylist(mediaSequence: 99).playlist)),
        Breach(.sequenceForward, "a part less", after(good.playlist, MadeUpPlaylist(openParts: 2).playlist)),
        Breach(.segmentsContinue, "a leap", after(good.playlist, MadeUpPlaylist(mediaSequence: 120).playlist)),
        breach(.segmentUnchanged, "another address", "\n104.m4s", "\nother.m4s"),
        breach(.segmentUnchanged, "another duration", "#EXTINF:2.00000,", "#EXTINF:1.99000,"),
        breach(.partUnchanged, "another duration", "DURATION=0.20000,URI=\"107.4", "DURATION=0.19000,URI=\"107.4"),
        Breach(.partKept, "a segment's parts gone at the edge", after(good.playlist, good.later.changed(parts(of: 107), ""))),
        Breach(.partKept, "a part of a whole segment gone", after(good.playlist, good.later.changed(part(107, 9), ""))),
        Breach(
            .dateTimeUnchanged, "moved by a second",
            after(good.playlist, MadeUpPlaylist(openParts: 4, epoch: good.epoch + 1000).playlist)),
        breach(
            .discontinuityCounted, "one more", "#EXT-X-MEDIA-SEQUENCE:100\n", "#EXT-X-MEDIA-SEQUENCE:100\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"
        ),
        Breach(.hintKept, "another part came", after(good.playlist, otherHint)),
        Breach(.hintKept, "another part of the next segment came", after(MadeUpPlaylist(openParts: 9).playlist, otherSegment)),
        Breach(.endIsFinal, "it went on", after(PlaylistReader(good.text + "#EXT-X-ENDLIST\n"), good.later.playlist)),
        Breach(.updatedInTime, "3.5 s without a change", after(good.playlist, good.playlist, seconds: 3.5)),
    ]

    private static func part(_ sequence: Int, _ part: Int) -> String {
        "#EXT-X-PART:DURATION=0.20000,URI=\"\(sequence).\(part).m4s\"\(part == 0 ? ",INDEPENDENT=YES" : "")\n"
    }

    private static func parts(of sequence: Int) -> String { (0..<10).map { part(sequence, $0) }.joined() }

    private static var otherSegment: PlaylistReader {
        MadeUpPlaylist(mediaSequence: 101, openParts: 2).changed("URI=\"108.9.m4s\"", "URI=\"other.m4s\"")
    }
}
