import NIOCore
import SluiceTypes
import SluiceWire
import Testing

@Suite struct LowLatencyWindowTests {
    /// Numbers begin at nought then.
    static let wallClock: Int64 = 1_704_067_200_000_000_000

    static func window(length: Int = 20, segments: Int, parts: Int = 10, openParts: Int = 0) -> LowLatencyWindow {
        var window = LowLatencyWindow(length: length, wallClock: wallClock)
        window.settle(.init(targetSeconds: 2, partTarget: PartTarget(aim: .milliseconds(200))))
        let initialization = window.add(initialization: ByteBuffer(string: "init"))
        for segment in 0..<segments + (openParts > 0 ? 1 : 0) {
            window.openSegment(
                wallClock: wallClock + Int64(segment) * 2_000_000_000, startsDiscontinuity: false, initialization: initialization)
            for part in 0..<(segment < segments ? parts : openParts) {
                window.append(
                    duration: MediaTime(milliseconds: 200), isIndependent: part == 0, ByteBuffer(string: "\(segment).\(part) "))
            }
            if segment < segments { window.closeSegment() }
        }
        return window
    }

    private func lines(_ window: LowLatencyWindow, skipping: Bool = false) -> [String] {
        String(buffer: window.render(rendition: "a b", reports: [], skipping: skipping)).split(separator: "\n").map(String.init)
    }

    @Test func oneThatComesLaterIsNumberedAsItsSource() {
        let source = Self.window(segments: 4)
        var later = LowLatencyWindow(joining: source, wallClock: Self.wallClock + 3_600_000_000_000)
        #expect(later.timing == source.timing && later.entries.isEmpty && later.nextPart > source.nextPart)
        later.begin(with: source.nextSequence)
        later.openSegment(wallClock: 0, startsDiscontinuity: false, initialization: 0)
        #expect(later.entries.map(\.sequence) == [4] && later.discontinuitySequence == source.discontinuitySequence)
    }

    @Test func readsAsWritten() {
        let window = Self.window(segments: 1, parts: 2, openParts: 1)
        let report = RenditionReport(rendition: "P240p", sequence: 1, part: 4)
        #expect(
            String(buffer: window.render(rendition: "a b", reports: [report])) == """
                #EXTM3U
                #EXT-X-VERSION:9
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-TARGETDURATION:2
                #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.00000,PART-HOLD-BACK=0.62800,HOLD-BACK=6.0
                #EXT-X-PART-INF:PART-TARGET=0.20900
                #EXT-X-MEDIA-SEQUENCE:0
                #EXT-X-DISCONTINUITY-SEQUENCE:0
                #EXT-X-MAP:URI="a%20b/init-1.mp4"
                #EXT-X-PROGRAM-DATE-TIME:2024-01-01T00:00:00.000Z
                #EXT-X-PART:DURATION=0.20000,URI="a%20b/part-0.m4s",INDEPENDENT=YES
                #EXT-X-PART:DURATION=0.20000,URI="a%20b/part-1.m4s"
                #EXTINF:0.40000,
                a%20b/segment-0.m4s
                #EXT-X-PROGRAM-DATE-TIME:2024-01-01T00:00:02.000Z
                #EXT-X-PART:DURATION=0.20000,URI="a%20b/part-2.m4s",INDEPENDENT=YES
                #EXT-X-PRELOAD-HINT:TYPE=PART,URI="a%20b/part-3.m4s"
                #EXT-X-RENDITION-REPORT:URI="P240p.m3u8",LAST-MSN=1,LAST-PART=4

                """)
    }

    @Test func partsFarFromTheEdgeAreNotListed() {
        let parts = lines(Self.window(segments: 6)).count { $0.hasPrefix("#EXT-X-PART:") }
        // Three target durations: those of three segments of 2 s.
        #expect(parts == 30)
    }

    @Test func deltaUpdatesSkipNothingNearerThanTheBoundary() throws {
        let window = Self.window(segments: 10, openParts: 3)
        let whole = lines(window)
        let delta = lines(window, skipping: true)
        let skipped = try #require(
            delta.first { $0.hasPrefix("#EXT-X-SKIP:SKIPPED-SEGMENTS=") }.flatMap { Int($0.drop { $0 != "=" }.dropFirst()) })
        // 20.6 s are listed; four segments end more than 12 s before the edge.
        #expect(skipped == 4)
        #expect(whole.count { $0.hasPrefix("#EXTINF") } == delta.count { $0.hasPrefix("#EXTINF") } + skipped)
        #expect(delta.contains("#EXT-X-MEDIA-SEQUENCE:0"))
        #expect(!whole.contains { $0.hasPrefix("#EXT-X-SKIP") })
        #expect(lines(Self.window(segments: 6), skipping: true) == lines(Self.window(segments: 6)))
    }

    @Test func aChangeBringsADiscontinuityAndAnotherMap() {
        var window = Self.window(length: 3, segments: 2)
        let other = window.add(initialization: ByteBuffer(string: "other"))
        window.openSegment(wallClock: Self.wallClock, startsDiscontinuity: true, initialization: other)
        window.append(duration: MediaTime(milliseconds: 200), isIndependent: true, ByteBuffer(string: "x"))
        let text = lines(window)
        #expect(text.count { $0.hasPrefix("#EXT-X-MAP") } == 2)
        #expect(text.count { $0 == "#EXT-X-DISCONTINUITY" } == 1)
        #expect(window.initialization(other) == ByteBuffer(string: "other"))
        for _ in 0..<4 {
            window.openSegment(wallClock: Self.wallClock, startsDiscontinuity: false, initialization: other)
            window.append(duration: MediaTime(milliseconds: 200), isIndependent: true, ByteBuffer(string: "x"))
        }
        let later = lines(window)
        #expect(later.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1"))
        #expect(!later.contains("#EXT-X-DISCONTINUITY"))
        #expect(window.initialization(1) == nil)
    }

    @Test func gapsAreNamed() {
        var window = Self.window(segments: 1)
        window.openSegment(wallClock: Self.wallClock, startsDiscontinuity: false, initialization: 1, isGap: true)
        window.append(duration: MediaTime(milliseconds: 200), isIndependent: true, nil)
        window.closeSegment()
        let text = lines(window)
        #expect(text.contains("#EXT-X-GAP"))
        #expect(text.contains("#EXT-X-PART:DURATION=0.20000,URI=\"a%20b/part-10.m4s\",GAP=YES"))
        #expect(window.part(10) != nil)
        #expect(window.part(10)?.bytes == nil)
        #expect(window.segment(1) == nil)
    }

    @Test func aSegmentIsItsParts() {
        let window = Self.window(length: 3, segments: 5, parts: 2)
        #expect(window.segment(4)?.parts.compactMap(\.bytes).map { String(buffer: $0) } == ["4.0 ", "4.1 "])
        #expect(window.part(9).flatMap(\.bytes) == ByteBuffer(string: "4.1 "))
        #expect(window.part(10) == nil)
        #expect(window.part(3) == nil)
        #expect(window.hasLeft(sequence: 1))
        #expect(!window.hasLeft(sequence: 2))
        #expect(!window.hasLeft(sequence: 5))
    }

    @Test func numbersGrowFasterThanAStreamUsesThemUp() {
        let early = Self.window(segments: 100, parts: 10)
        let restarted = LowLatencyWindow(length: 6, wallClock: Self.wallClock + 200_000_000_000)
        #expect(restarted.nextSequence > early.nextSequence)
        #expect(restarted.nextPart > early.nextPart)
    }
}
