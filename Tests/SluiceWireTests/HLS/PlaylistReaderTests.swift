import Foundation
import SluiceTypes
import SluiceWire
import Testing

@Suite struct PlaylistReaderTests {
    private func fixture(_ name: String, file: String = #filePath) throws -> String {
        let root = URL(filePath: file).deletingLastPathComponent().appending(path: "../../../Fixtures/playlists")
        return try String(contentsOf: root.appending(path: name), encoding: .utf8)
    }

    @Test func readsTheReference() throws {
        let playlist = try PlaylistReader.read(fixture("reference-source.m3u8"))
        #expect(playlist.mediaSequence == 1)
        #expect(playlist.targetDuration == 2)
        #expect(playlist.entries.map(\.uri) == [1, 2, 3, 4, 6, 7].map { "/stream/pushcap/source/\($0).ts" })
        #expect(playlist.entries.allSatisfy { $0.duration == 2 && !$0.isGap && !$0.startsDiscontinuity })
        #expect(!playlist.isEnded)
    }

    @Test func listsTheSameSegmentsAsTheReference() throws {
        let reference = try PlaylistReader.read(fixture("reference-source.m3u8"))
        var window = PlaylistWindow()
        for sequence in Int64(0)...7 where sequence != 5 {
            _ = window.append(
                PlaylistEntry(
                    sequence: SegmentSequence(sequence), duration: .seconds(2), wallClock: 0, startsDiscontinuity: false, isGap: false,
                    container: .mpegTS, byteCount: 1))
        }
        let ours = try PlaylistReader.read(window.render(rendition: "source"))
        #expect(ours.mediaSequence == reference.mediaSequence)
        #expect(ours.targetDuration == reference.targetDuration)
        #expect(ours.entries.map { "/stream/pushcap/" + $0.uri } == reference.entries.map(\.uri))
    }

    @Test func lineEndsMayBeCRLF() throws {
        #expect(try PlaylistReader.read("#EXTM3U\r\n#EXTINF:2.5,\r\na.ts\r\n#EXT-X-ENDLIST\r\n").entries.first?.duration == 2.5)
    }

    @Test(arguments: ["", "EXTM3U", "#EXTM3U\na.ts", "#EXTM3U\n#EXTINF:x,\na.ts", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:-\n"])
    func refusesWhatIsNoPlaylist(_ text: String) {
        #expect(throws: PlaylistReader.Malformed.self) { try PlaylistReader.read(text) }
    }
}
