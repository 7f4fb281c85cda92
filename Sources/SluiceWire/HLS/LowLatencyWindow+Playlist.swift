package import NIOCore
import SluiceTypes

/// Where another rendition of the same stream stands.
package struct RenditionReport: Hashable, Sendable {
    package var rendition: String
    package var sequence: Int64
    package var part: Int?

    package init(rendition: String, sequence: Int64, part: Int?) {
        self.rendition = rendition
        self.sequence = sequence
        self.part = part
    }
}

extension LowLatencyWindow {
    /// What other renditions' playlists say of this one; `nil` before it has begun.
    package func report(_ rendition: String) -> RenditionReport? {
        guard isVisible, let entry = open.flatMap({ $0.parts.isEmpty ? nil : $0 }) ?? lastComplete else { return nil }
        return RenditionReport(rendition: rendition, sequence: entry.sequence, part: entry.listsParts ? entry.parts.count - 1 : nil)
    }

    /// The playlist's text; URIs are relative to `/ll/{stream}/{rendition}.m3u8`.
    ///
    /// - Parameter skipping: leaves out segments beyond the skip boundary, where there are any.
    package func render(rendition: String, reports: [RenditionReport], skipping: Bool = false) -> ByteBuffer {
        guard let timing else { return ByteBuffer() }
        let listed = entries.filter { $0.isComplete || !$0.parts.isEmpty }
        let path = PercentEncoding.pathElement(rendition) + "/"
        let distances = Self.distancesFromEdge(listed)
        let skipped = skipping ? distances.count { $0.end > timing.skipBoundary } : 0
        var text = PlaylistText(capacity: 512 + 900 * listed.count)
        head(&text, timing, first: listed.first, areIndependent: listed.allSatisfy { $0.isGap || $0.parts.first?.isIndependent == true })
        if skipped > 0 { text.line("#EXT-X-SKIP:SKIPPED-SEGMENTS=", skipped) }
        var initialization: Int64?
        for (entry, distance) in zip(listed, distances).dropFirst(skipped) {
            if entry.startsDiscontinuity { text.line("#EXT-X-DISCONTINUITY") }
            if !entry.isGap, entry.initialization != initialization {
                text.add("#EXT-X-MAP:URI=\"", path)
                text.line("init-", entry.initialization, ".mp4\"")
                initialization = entry.initialization
            }
            text.line("#EXT-X-PROGRAM-DATE-TIME:", ProgramDateTime.text(nanoseconds: entry.wallClock))
            if entry.listsParts, distance.firstPartEnd <= timing.partsListed { parts(of: entry, path, &text) }
            guard entry.isComplete else { continue }
            if entry.isGap { text.line("#EXT-X-GAP") }
            text.add("#EXTINF:")
            text.seconds(entry.duration)
            text.line(",")
            text.add(path)
            text.line("segment-", entry.sequence, ".m4s")
        }
        if isEnded {
            text.line("#EXT-X-ENDLIST")
        } else {
            text.add("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"", path)
            text.line("part-", nextPart, ".m4s\"")
        }
        for report in reports {
            text.add("#EXT-X-RENDITION-REPORT:URI=\"", PercentEncoding.pathElement(report.rendition))
            text.add(".m3u8\",LAST-MSN=")
            text.add(report.sequence)
            if let part = report.part { text.add(",LAST-PART=", part) }
            text.line("")
        }
        return text.bytes
    }

    private func head(_ text: inout PlaylistText, _ timing: Timing, first: Entry?, areIndependent: Bool) {
        text.line("#EXTM3U")
        text.line("#EXT-X-VERSION:9")
        if areIndependent { text.line("#EXT-X-INDEPENDENT-SEGMENTS") }
        text.line("#EXT-X-TARGETDURATION:", timing.targetSeconds)
        text.add("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=")
        text.seconds(timing.skipBoundary)
        text.add(",PART-HOLD-BACK=")
        text.seconds(timing.partHoldBack)
        text.line(",HOLD-BACK=", timing.targetSeconds * 3, ".0")
        text.add("#EXT-X-PART-INF:PART-TARGET=")
        text.seconds(timing.partTarget.limit)
        text.line("")
        text.line("#EXT-X-MEDIA-SEQUENCE:", first?.sequence ?? nextSequence)
        text.line("#EXT-X-DISCONTINUITY-SEQUENCE:", discontinuitySequence)
    }

    private func parts(of entry: Entry, _ path: String, _ text: inout PlaylistText) {
        for part in entry.parts {
            text.add("#EXT-X-PART:DURATION=")
            text.seconds(part.duration)
            text.add(",URI=\"", path)
            text.add("part-", part.number, ".m4s\"")
            if part.bytes == nil {
                text.add(",GAP=YES")
            } else if part.isIndependent {
                text.add(",INDEPENDENT=YES")
            }
            text.line("")
        }
    }

    /// How far each segment's end, and its first part's, lie from the end of the playlist.
    private static func distancesFromEdge(_ listed: [Entry]) -> [(end: MediaTime, firstPartEnd: MediaTime)] {
        var distances: [(end: MediaTime, firstPartEnd: MediaTime)] = []
        var behind = MediaTime.zero
        for entry in listed.reversed() {
            let first = entry.parts.first?.duration ?? .zero
            distances.append((behind, behind + entry.duration - first))
            behind = behind + entry.duration
        }
        return distances.reversed()
    }
}

/// A playlist being written: bytes, and no string that is thrown away behind them.
private struct PlaylistText {
    var bytes: ByteBuffer

    init(capacity: Int) { bytes = ByteBufferAllocator().buffer(capacity: capacity) }

    mutating func add(_ text: StaticString) { bytes.writeStaticString(text) }

    mutating func add(_ text: StaticString, _ rest: String) {
        bytes.writeStaticString(text)
        bytes.writeString(rest)
    }

    mutating func add(_ text: String) { bytes.writeString(text) }

    mutating func add(_ text: StaticString, _ number: some BinaryInteger, _ rest: StaticString = "") {
        bytes.writeStaticString(text)
        bytes.writeString(String(number))
        bytes.writeStaticString(rest)
    }

    mutating func add(_ number: Int64) { bytes.writeString(String(number)) }

    mutating func line(_ text: StaticString) { add(text, "\n") }

    mutating func line(_ text: StaticString, _ rest: String) {
        add(text, rest)
        bytes.writeStaticString("\n")
    }

    mutating func line(_ text: StaticString, _ number: some BinaryInteger, _ rest: StaticString = "") {
        add(text, number, rest)
        bytes.writeStaticString("\n")
    }

    /// Five decimals, cut off: a part must not say more than its target.
    mutating func seconds(_ time: MediaTime) {
        let parts = time.ticks * 10 / 9
        bytes.writeString(String(parts / 100_000))
        let fraction = String(parts % 100_000)
        bytes.writeStaticString(".")
        bytes.writeRepeatingByte(UInt8(ascii: "0"), count: 5 - fraction.utf8.count)
        bytes.writeString(fraction)
    }
}
