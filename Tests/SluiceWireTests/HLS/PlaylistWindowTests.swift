import SluiceTypes
import SluiceWire
import Testing

@Suite struct PlaylistWindowTests {
    private func entry(
        _ sequence: Int64, seconds: Double = 2, cut: Bool = false, isGap: Bool = false, bytes: Int = 250_000
    ) -> PlaylistEntry {
        PlaylistEntry(
            sequence: SegmentSequence(sequence), duration: .seconds(seconds), wallClock: sequence * 2_000_000_000,
            startsDiscontinuity: cut, isGap: isGap, container: .mpegTS, byteCount: bytes)
    }

    private func filled(_ sequences: ClosedRange<Int64>, length: Int = 3) -> PlaylistWindow {
        var window = PlaylistWindow(length: length)
        for sequence in sequences { _ = window.append(entry(sequence)) }
        return window
    }

    @Test func readsAsWritten() {
        var window = PlaylistWindow(length: 3)
        _ = window.append(entry(0, cut: true))
        _ = window.append(entry(1, seconds: 1.98765))
        _ = window.append(entry(2, seconds: 2.6, cut: true))
        #expect(
            window.render(rendition: "P 1") == """
                #EXTM3U
                #EXT-X-VERSION:3
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-TARGETDURATION:3
                #EXT-X-MEDIA-SEQUENCE:0
                #EXT-X-DISCONTINUITY-SEQUENCE:0
                #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z
                #EXTINF:2.00000,
                P%201/0.ts
                #EXTINF:1.98765,
                P%201/1.ts
                #EXT-X-DISCONTINUITY
                #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:04.000Z
                #EXTINF:2.60000,
                P%201/2.ts

                """)
    }

    @Test func bytesGoAfterTheGraceEntry() {
        var window = PlaylistWindow(length: 3, grace: 1)
        var dropped: [[SegmentSequence]] = []
        for sequence in Int64(10)...15 { dropped.append(window.append(entry(sequence))) }
        #expect(dropped == [[], [], [], [], [SegmentSequence(10)], [SegmentSequence(11)]])
        #expect(window.entries.map(\.sequence.rawValue) == [13, 14, 15])
    }

    @Test func standingTellsGoneFromNever() {
        let window = filled(10...15)
        func standing(_ sequence: Int64) -> String {
            switch window.standing(of: SegmentSequence(sequence)) {
            case .found: "found"
            case .gone: "gone"
            case .unknown: "unknown"
            }
        }
        #expect([9, 10, 11, 12, 13, 15, 16].map { standing($0) } == ["unknown", "gone", "gone", "found", "found", "found", "unknown"])
    }

    @Test func countersFollowWhatLeaves() throws {
        var numbering = PlaylistNumbering()
        numbering.segment = 7
        var window = PlaylistWindow(length: 2, numbering: numbering)
        for (sequence, cut) in [(0, false), (1, true), (2, false), (3, true), (4, false)] as [(Int64, Bool)] {
            _ = window.append(entry(sequence, cut: cut))
        }
        let text = window.render(rendition: "source")
        #expect(text.contains("#EXT-X-MEDIA-SEQUENCE:10\n"))
        #expect(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"))
        _ = window.append(entry(5))
        #expect(window.render(rendition: "source").contains("#EXT-X-DISCONTINUITY-SEQUENCE:2\n"))
    }

    /// A stream that begins anew, here an hour and 1800 segments later, stays above what players have seen.
    @Test(arguments: [(false, "source/371520000.ts"), (true, "source/4.ts")])
    func aRestartGoesOnAbove(isNamedByPublisher: Bool, name: String) throws {
        func window(_ hour: Int64) -> PlaylistWindow {
            let clock = (1_704_067_200 + 92_879_999 + hour * 3600) * 1_000_000_000
            return PlaylistWindow(length: 2, numbering: PlaylistNumbering(wallClock: clock, isNamedByPublisher: isNamedByPublisher))
        }
        var first = window(0)
        for sequence in 0..<1800 { _ = first.append(entry(Int64(sequence))) }
        var second = window(1)
        _ = second.append(entry(0))
        #expect(second.mediaSequence > first.mediaSequence + 2)
        var third = window(0)
        _ = third.append(entry(4))
        let text = third.render(rendition: "source")
        #expect(text.contains(name) && text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:92879999\n"), "\(text)")
        let number = try #require(third.entries.first.map { third.name(of: $0) }.flatMap { Int64($0.dropLast(3)) })
        #expect(third.sequence(named: number) == SegmentSequence(4))
    }

    @Test func targetDurationNeverShrinks() {
        var window = PlaylistWindow(length: 1, grace: 0)
        _ = window.append(entry(0, seconds: 4.4))
        _ = window.append(entry(1, seconds: 1))
        #expect(window.render(rendition: "source").contains("#EXT-X-TARGETDURATION:4\n"))
    }

    @Test func gapsAreMarkedAndNotMeasured() throws {
        var window = PlaylistWindow()
        _ = window.append(entry(0))
        _ = window.append(entry(1, isGap: true, bytes: 0))
        _ = window.append(entry(2, seconds: 1))
        let text = window.render(rendition: "source")
        #expect(text.contains("#EXT-X-VERSION:8\n"))
        #expect(try PlaylistReader.read(text).entries.map(\.isGap) == [false, true, false])
        #expect(window.peakBandwidth == 2_000_000)
        #expect(window.averageBandwidth == 1_333_333)
    }

    @Test func aReopenedStreamGoesOnWithADiscontinuity() throws {
        var window = filled(0...1)
        window.end()
        #expect(try PlaylistReader.read(window.render(rendition: "source")).isEnded)
        window.reopen()
        _ = window.append(entry(2))
        let playlist = try PlaylistReader.read(window.render(rendition: "source"))
        #expect(!playlist.isEnded)
        #expect(playlist.entries.map(\.startsDiscontinuity) == [false, false, true])
    }

    @Test func oddDurationsDoNotTrap() {
        var window = PlaylistWindow()
        _ = window.append(entry(0, seconds: -1.5))
        _ = window.append(entry(1, seconds: 0))
        #expect(window.peakBandwidth == 0)
        #expect(window.render(rendition: "source").contains("#EXTINF:0.00000,\n"))
    }
}
