import SluiceWire

/// Playlists that break one rule each.
enum PlaylistBreaches {
    private static func breach(
        _ rule: HLSRule, _ name: String, alongside: Set<HLSRule> = [], _ from: String, _ to: String
    ) -> Breach {
        Breach(rule, name, alongside: alongside, PlaylistRules.check(MadeUpPlaylist().changed(from, to)))
    }

    private static let multivariant =
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1900000,"
        + "RESOLUTION=1280x720,FRAME-RATE=30.000,CODECS=\"avc1.64001f,mp4a.40.2\"\nsource.m3u8\n"

    private static func variant(_ rule: HLSRule, without attribute: String) -> Breach {
        Breach(
            rule, "without \(attribute)",
            VariantRules.check(MultivariantReader(multivariant.replacing(attribute, with: "").replacing(",\n", with: "\n"))))
    }

    static let all: [Breach] = [
        breach(.readable, "another first line", "#EXTM3U", "EXTM3U"),
        breach(.readable, "an attribute without quotes", "URI=\"108.1.m4s\"", "URI=108.1.m4s"),
        breach(.readable, "a duration that is no number", "#EXTINF:2.00000,", "#EXTINF:two,"),
        breach(.tagOnce, "two target durations", "#EXT-X-TARGETDURATION:2\n", "#EXT-X-TARGETDURATION:2\n#EXT-X-TARGETDURATION:2\n"),
        breach(.versionHighEnough, "a map in version 5", "#EXT-X-VERSION:9", "#EXT-X-VERSION:5"),
        breach(.versionHighEnough, "a gap in version 7", "#EXT-X-VERSION:9\n", "#EXT-X-VERSION:7\n#EXT-X-GAP\n"),
        breach(
            .targetDurationPresent, "none", "#EXT-X-TARGETDURATION:2\n", ""),
        breach(.segmentWithinTarget, "2.5 s", "#EXTINF:2.00000,", "#EXTINF:2.50000,"),
        Breach(.longEnough, "two segments", PlaylistRules.check(MadeUpPlaylist(segments: 2).playlist)),
        breach(.mapPresent, "none", "#EXT-X-MAP:URI=\"init-0.mp4\"\n", ""),
        breach(.holdBackMinimum, "5 s", "PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.6,HOLD-BACK=5.0"),
        breach(.skipBoundaryMinimum, "6 s", "CAN-SKIP-UNTIL=12.0", "CAN-SKIP-UNTIL=6.0"),
        Breach(.skipOnlyWhenAsked, "skipped unasked", PlaylistRules.check(MadeUpPlaylist(skipped: 2).playlist)),
        breach(.partTargetPresent, "no PART-INF", "#EXT-X-PART-INF:PART-TARGET=0.2\n", ""),
        breach(
            .partWithinTarget, "0.205 s, as MediaMTX makes them", alongside: [.partsMakeSegment], "DURATION=0.20000,URI=\"106.4",
            "DURATION=0.20500,URI=\"106.4"),
        breach(
            .partWithinTarget, "the first one, though independent", alongside: [.partsMakeSegment], "DURATION=0.20000,URI=\"106.0",
            "DURATION=0.23000,URI=\"106.0"),
        breach(
            .partFillsTarget, "0.16 s in the middle", alongside: [.partsMakeSegment], "DURATION=0.20000,URI=\"106.4",
            "DURATION=0.16000,URI=\"106.4"),
        breach(.partsMakeSegment, "a short last part", "DURATION=0.20000,URI=\"106.9", "DURATION=0.10000,URI=\"106.9"),
        breach(.partsNearEdge, "a segment without", partsOf(106), ""),
        Breach(.oldPartsRemoved, "parts 10 s behind the end", PlaylistRules.check(oldParts)),
        breach(.independentMarked, "not marked", "URI=\"108.0.m4s\",INDEPENDENT=YES", "URI=\"108.0.m4s\""),
        breach(.partHoldBackPresent, "none", ",PART-HOLD-BACK=0.6", ""),
        breach(.partHoldBackMinimum, "less than twice", "PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.3"),
        breach(.partHoldBackAdvised, "two and a half times", "PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.5"),
        breach(.blockReloadOffered, "none", "CAN-BLOCK-RELOAD=YES,", ""),
        breach(.skipOffered, "none", ",CAN-SKIP-UNTIL=12.0", ""),
        breach(
            .dateTimePresent, "none", "#EXT-X-PROGRAM-DATE-TIME:\(ProgramDateTime.text(nanoseconds: 1_700_000_200_000 * 1_000_000))\n", ""),
        breach(.hintPresent, "none", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"108.3.m4s\"\n", ""),
        breach(.hintNotListed, "the newest part", "TYPE=PART,URI=\"108.3.m4s\"", "TYPE=PART,URI=\"108.2.m4s\""),
        breach(.nothingAfterEnd, "a hint", "#EXT-X-PRELOAD-HINT", "#EXT-X-ENDLIST\n#EXT-X-PRELOAD-HINT"),

        Breach(
            .reportForEach, "of another rendition",
            ReportRules.check(MadeUpPlaylist(reports: "").playlist, at: address, others: [low(108, 3)])),
        Breach(
            .reportComplete, "without LAST-PART",
            ReportRules.check(
                MadeUpPlaylist(reports: "#EXT-X-RENDITION-REPORT:URI=\"low.m3u8\",LAST-MSN=108\n").playlist, at: address,
                others: [low(108, 3)])),
        Breach(.reportExact, "too early", ReportRules.check(MadeUpPlaylist().playlist, at: address, others: [low(110, 1)])),
        Breach(.reportExact, "not there yet", ReportRules.check(MadeUpPlaylist().playlist, at: address, others: [low(108, 2)])),

        variant(.bandwidthPresent, without: "BANDWIDTH=2000000,"),
        variant(.averageBandwidthPresent, without: "AVERAGE-BANDWIDTH=1900000,"),
        variant(.resolutionPresent, without: "RESOLUTION=1280x720,"),
        variant(.frameRatePresent, without: "FRAME-RATE=30.000,"),
        variant(.codecsPresent, without: "CODECS=\"avc1.64001f,mp4a.40.2\""),
        variant(.independenceTold, without: "#EXT-X-INDEPENDENT-SEGMENTS\n"),
        Breach(
            .renditionsAligned, "another cut",
            VariantRules.alignment(MadeUpPlaylist().playlist, MadeUpPlaylist().changed("#EXTINF:2.00000,", "#EXTINF:1.80000,"), name: "low")
        ),
    ]

    private static let address = "http://host/ll/s/source.m3u8"

    private static func low(_ sequence: Int64, _ part: Int) -> ReportRules.Rendition {
        let edge = PlaylistPosition(sequence: sequence, part: part)
        return .init(address: "http://host/ll/s/low.m3u8", before: edge, after: edge)
    }

    private static func partsOf(_ sequence: Int) -> String {
        (0..<10).map { "#EXT-X-PART:DURATION=0.20000,URI=\"\(sequence).\($0).m4s\"\($0 == 0 ? ",INDEPENDENT=YES" : "")\n" }.joined()
    }

    private static let oldParts = MadeUpPlaylist().changed("#EXTINF:2.00000,\n102.m4s", partsOf(102) + "#EXTINF:2.00000,\n102.m4s")

}
