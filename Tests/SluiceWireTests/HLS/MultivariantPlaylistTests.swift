import Foundation
import SluiceTypes
import SluiceWire
import Testing

@Suite struct MultivariantPlaylistTests {
    private func variant(_ rendition: String, _ bandwidth: Int, _ width: Int, _ height: Int) -> Variant {
        Variant(
            rendition: rendition, width: width, height: height, frameRate: nil, codecs: [], peakBandwidth: bandwidth,
            averageBandwidth: 0)
    }

    @Test func saysWhatTheReferenceSaysAndMore() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Fixtures/playlists/reference-master.m3u8")
        let reference = try String(contentsOf: path, encoding: .utf8).replacing("PROGRAM-ID=0,", with: "")
        let ours = MultivariantPlaylist.render(
            stream: try #require(StreamID("pushcap")),
            variants: [
                variant("source", 4_000_000, 640, 360), variant("P240p30fps16x9", 600_000, 426, 240),
                variant("P360p30fps16x9", 1_200_000, 640, 360),
            ])
        #expect(ours.replacing("#EXT-X-INDEPENDENT-SEGMENTS\n", with: "") == reference)
    }

    @Test func attributesThatAreKnownAreSaid() throws {
        let text = MultivariantPlaylist.render(
            stream: try #require(StreamID("a+b")),
            variants: [
                Variant(
                    rendition: "p/1", width: 1280, height: 720, frameRate: 30000.0 / 1001, codecs: ["avc1.64001f", "mp4a.40.2"],
                    peakBandwidth: 2_500_000, averageBandwidth: 2_000_000)
            ])
        #expect(
            text.hasSuffix(
                """
                #EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2000000,RESOLUTION=1280x720,FRAME-RATE=29.970,\
                CODECS="avc1.64001f,mp4a.40.2"
                a+b/p%2F1.m3u8

                """))
    }
}
