import Foundation
import SluiceWire

/// A low-latency playlist that keeps every rule: segments of 2 s, ten parts of 0.2 s each. Tests take one thing away.
struct MadeUpPlaylist {
    static let partsPerSegment = 10

    var mediaSequence = 100
    var segments = 8
    var openParts = 3
    var partTarget = "0.2"
    var control = "CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6,CAN-SKIP-UNTIL=12.0"
    var skipped = 0
    /// The start of the stream, in ms since 1970, of segment 0.
    var epoch: Int64 = 1_700_000_000_000
    var reports = "#EXT-X-RENDITION-REPORT:URI=\"low.m3u8\",LAST-MSN=108,LAST-PART=2\n"

    /// Segments whose end is nearer to the end of the playlist than three target durations show their parts.
    private func showsParts(_ index: Int) -> Bool { Double(segments - 1 - index) * 2 + Double(openParts) * 0.2 < 6 }

    var text: String {
        var text = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:2\n"
        text += "#EXT-X-SERVER-CONTROL:\(control)\n#EXT-X-PART-INF:PART-TARGET=\(partTarget)\n#EXT-X-MEDIA-SEQUENCE:\(mediaSequence)\n"
        text += skipped > 0 ? "#EXT-X-SKIP:SKIPPED-SEGMENTS=\(skipped)\n" : "#EXT-X-MAP:URI=\"init-0.mp4\"\n"
        for index in skipped..<segments {
            let sequence = mediaSequence + index
            if index == skipped {
                text += "#EXT-X-PROGRAM-DATE-TIME:\(ProgramDateTime.text(nanoseconds: (epoch + Int64(sequence) * 2000) * 1_000_000))\n"
            }
            if showsParts(index) { text += parts(of: sequence, Self.partsPerSegment) }
            text += "#EXTINF:2.00000,\n\(sequence).m4s\n"
        }
        let open = mediaSequence + segments
        text += parts(of: open, openParts)
        text += "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"\(open).\(openParts).m4s\"\n"
        return text + reports
    }

    var playlist: PlaylistReader { PlaylistReader(text) }

    private func parts(of sequence: Int, _ count: Int) -> String {
        (0..<count).map { part in
            "#EXT-X-PART:DURATION=0.20000,URI=\"\(sequence).\(part).m4s\"\(part == 0 ? ",INDEPENDENT=YES" : "")\n"
        }.joined()
    }

    /// The playlist one part later.
    var later: Self {
        var later = self
        later.openParts += 1
        if later.openParts == Self.partsPerSegment {
            later.openParts = 0
            later.mediaSequence += 1
        }
        return later
    }

    /// Playlist text with the first occurrence of one piece changed into another; stops the test when it is not there.
    func changed(_ from: String, _ to: String) -> PlaylistReader {
        let text = text
        guard let place = text.range(of: from) else { preconditionFailure("'\(from)' is not in the playlist") }
        return PlaylistReader(text.replacingCharacters(in: place, with: to))
    }
}
