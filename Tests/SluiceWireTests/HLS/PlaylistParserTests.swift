@testable import SluiceWire
import Testing

@Suite struct PlaylistParserTests {
    @Test func readsEveryTagOfLowLatency() throws {
        let playlist = try PlaylistReader.read(
            """
            #EXTM3U
            #EXT-X-VERSION:9
            #EXT-X-TARGETDURATION:4
            #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,HOLD-BACK=12,CAN-SKIP-UNTIL=24.0
            #EXT-X-PART-INF:PART-TARGET=0.33334
            #EXT-X-MEDIA-SEQUENCE:270
            #EXT-X-DISCONTINUITY-SEQUENCE:3
            #EXT-X-MAP:URI="init.mp4",BYTERANGE="700@0"
            #EXT-X-PROGRAM-DATE-TIME:2019-02-14T02:13:36.106Z
            #EXTINF:4.00008,
            #EXT-X-BYTERANGE:1000@700
            270.mp4
            #EXT-X-DISCONTINUITY
            #EXT-X-PART:DURATION=0.33334,URI="271.0.mp4",INDEPENDENT=YES
            #EXT-X-PART:DURATION=0.2,URI="271.1.mp4",GAP=YES,BYTERANGE="200"
            #EXT-X-GAP
            #EXTINF:0.53334,
            271.mp4
            #EXT-X-PART:DURATION=0.33334,URI="272.0.mp4"
            #EXT-X-PRELOAD-HINT:TYPE=PART,URI="272.1.mp4",BYTERANGE-START=20,BYTERANGE-LENGTH=9
            #EXT-X-RENDITION-REPORT:URI="../1M/p.m3u8",LAST-MSN=272,LAST-PART=0
            """)
        #expect(playlist.serverControl == .init(line: 4, canBlockReload: true, canSkipUntil: 24, holdBack: 12, partHoldBack: 1))
        #expect(playlist.partTarget == 0.33334)
        #expect(playlist.discontinuitySequence == 3)
        #expect(playlist.entries[0].map == .init(uri: "init.mp4", range: .init(length: 700, start: 0)))
        #expect(playlist.entries[0].range == .init(length: 1000, start: 700))
        #expect(playlist.entries[0].wallClock == 1_550_110_416_106)
        #expect(playlist.entries[1].startsDiscontinuity && playlist.entries[1].isGap)
        #expect(playlist.entries[1].parts.map(\.isGap) == [false, true])
        #expect(playlist.entries[1].parts.map(\.isIndependent) == [true, false])
        #expect(playlist.entries[1].parts[1].range == .init(length: 200, start: nil))
        #expect(playlist.entries[1].map?.uri == "init.mp4")
        #expect(playlist.openParts.map(\.uri) == ["272.0.mp4"])
        #expect(playlist.nextPart == PlaylistPosition(sequence: 272, part: 1))
        #expect(playlist.hints == [.init(line: 20, kind: "PART", uri: "272.1.mp4", start: 20, length: 9)])
        #expect(playlist.reports == [.init(line: 21, uri: "../1M/p.m3u8", lastSequence: 272, lastPart: 0)])
        #expect(playlist.line(of: "EXT-X-PART-INF") == 5)
    }

    @Test(arguments: [
        "#EXT-X-PART:DURATION=0.2", "#EXT-X-PART:URI=\"a\"", "#EXT-X-PART:DURATION=-1,URI=\"a\"", "#EXT-X-PART:DURATION=0x1,URI=\"a\"",
        "#EXT-X-PART:DURATION=0.2,URI=\"a", "#EXT-X-PART:DURATION=0.2,URI=\"a\",INDEPENDENT=MAYBE", "#EXT-X-PART:DURATION=0.2,,URI=\"a\"",
        "#EXT-X-PART:DURATION=0.2,DURATION=0.3,URI=\"a\"", "#EXT-X-PART-INF:TARGET=1", "#EXT-X-SKIP:SKIPPED-SEGMENTS=99999999999999999",
        "#EXT-X-MEDIA-SEQUENCE:+1", "#EXT-X-TARGETDURATION:2.5", "#EXT-X-PROGRAM-DATE-TIME:yesterday",
        "#EXT-X-MAP:BYTERANGE=\"x\",URI=\"a\"",
        "#EXT-X-PRELOAD-HINT:URI=\"a\"", "#EXT-X-SERVER-CONTROL:HOLD-BACK=\"6\"", "#EXTINF:,",
    ])
    func saysInWhichLineTheFaultIs(_ line: String) {
        let playlist = PlaylistReader("#EXTM3U\n#EXT-X-VERSION:9\n\(line)\n")
        #expect(playlist.faults.map(\.line) == [3])
    }

    @Test func aHugeSkipCostsNothing() {
        let known = PlaylistReader("#EXTM3U\n#EXTINF:2,\na.ts\n")
        let delta = PlaylistReader("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:9007199254740991\n#EXT-X-SKIP:SKIPPED-SEGMENTS=9007199254740991\n")
        #expect(delta.filled(from: known) == nil)
        #expect(delta.entry(0) == nil)
    }

    @Test(arguments: [
        ("2026-01-31T12:00:00.250Z", 1_769_860_800_250 as Int64?), ("2026-01-31T13:00:00.25+01:00", 1_769_860_800_250),
        ("2026-01-31T11:30:00-0030", 1_769_860_800_000), ("1970-01-01T00:00:00Z", 0), ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
        ("2026-13-01T00:00:00Z", nil), ("2026-01-31T12:00:00", nil), ("2026-01-31 12:00:00Z", nil), ("", nil),
    ])
    func datesAndTimes(_ text: String, _ milliseconds: Int64?) {
        #expect(ProgramDateTime.milliseconds(of: text[...]) == milliseconds)
    }

    @Test func readsBackWhatWeWrite() {
        for time in [Int64(0), 951_782_399_999, 1_709_164_800_001, 4_102_444_799_000] {
            #expect(ProgramDateTime.milliseconds(of: ProgramDateTime.text(nanoseconds: time * 1_000_000)[...]) == time)
        }
    }

    @Test func readsVariants() {
        let playlist = MultivariantReader(
            "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=2x3,CODECS=\"a,b\"\nlow.m3u8\n")
        #expect(playlist.variants == [.init(line: 3, uri: "low.m3u8", bandwidth: 1, codecs: "a,b", resolution: "2x3")])
        #expect(playlist.isIndependent && playlist.faults.isEmpty)
        #expect(MultivariantReader("#EXTM3U\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=x\n").faults.map(\.line) == [2, 3])
    }
}
