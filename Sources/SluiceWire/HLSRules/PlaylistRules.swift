/// Rules that one media playlist keeps by itself.
package enum PlaylistRules {
    /// Playlists round to five decimals.
    static let rounding = 0.00001
    /// What rounding may make of a sum of parts.
    static let sumTolerance = 0.005

    private static let once = [
        "EXT-X-VERSION", "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-PART-INF",
        "EXT-X-SERVER-CONTROL", "EXT-X-ENDLIST", "EXT-X-SKIP", "EXT-X-PLAYLIST-TYPE", "EXT-X-INDEPENDENT-SEGMENTS",
    ]

    /// - Parameter asksForDelta: whether the request had `_HLS_skip`.
    package static func check(_ playlist: PlaylistReader, asksForDelta: Bool = false) -> [HLSFinding] {
        var findings = playlist.faults.map { HLSFinding(.readable, line: $0.line, $0.what) }
        for tag in once {
            if let lines = playlist.lines[tag], lines.count > 1 {
                findings.append(.init(.tagOnce, line: lines[1], "\(tag) stands there \(lines.count) times"))
            }
        }
        findings += version(playlist)
        findings += durations(playlist)
        findings += control(playlist)
        if let skip = playlist.skip, !asksForDelta {
            findings.append(.init(.skipOnlyWhenAsked, line: skip.line, "\(skip.segments) segments are left out and nobody asked for it"))
        }
        findings += maps(playlist)
        if playlist.hasParts { findings += PartRules.check(playlist) }
        return findings
    }

    private static func version(_ playlist: PlaylistReader) -> [HLSFinding] {
        let entries = playlist.entries
        let needs: [(Int, String, Bool)] = [
            (9, "EXT-X-SKIP", playlist.skip != nil),
            (8, "EXT-X-GAP", entries.contains { $0.isGap }),
            (6, "EXT-X-MAP", entries.contains { $0.map != nil }),
            (4, "EXT-X-BYTERANGE", entries.contains { $0.range != nil }),
            (3, "fractions of seconds in EXTINF", entries.contains { $0.duration != $0.duration.rounded() }),
        ]
        for (version, what, isUsed) in needs where isUsed && playlist.version < version {
            return [
                .init(
                    .versionHighEnough, line: playlist.line(of: "EXT-X-VERSION"),
                    "version \(playlist.version) with \(what), which needs \(version)")
            ]
        }
        return []
    }

    private static func durations(_ playlist: PlaylistReader) -> [HLSFinding] {
        guard playlist.line(of: "EXT-X-TARGETDURATION") != nil else { return [.init(.targetDurationPresent, "no EXT-X-TARGETDURATION")] }
        let target = playlist.targetDuration
        var findings: [HLSFinding] = []
        for entry in playlist.entries where Int(min(entry.duration, 1e9).rounded()) > target {
            findings.append(.init(.segmentWithinTarget, line: entry.line, "a segment of \(entry.duration) s; the target is \(target)"))
        }
        // A delta update shows only the end of the playlist.
        let span = playlist.entries.reduce(0) { $0 + $1.duration } + playlist.openParts.reduce(0) { $0 + $1.duration }
        if playlist.skip == nil, !playlist.isEnded, playlist.mediaSequence > 0, span < Double(3 * target) - rounding {
            findings.append(.init(.longEnough, "\(span) s in a live playlist; three target durations are \(3 * target)"))
        }
        return findings
    }

    private static func control(_ playlist: PlaylistReader) -> [HLSFinding] {
        guard let control = playlist.serverControl else { return [] }
        let target = Double(playlist.targetDuration)
        var findings: [HLSFinding] = []
        if let holdBack = control.holdBack, holdBack < 3 * target - rounding {
            findings.append(
                .init(.holdBackMinimum, line: control.line, "HOLD-BACK \(holdBack) is below three target durations, \(3 * target)"))
        }
        if let boundary = control.canSkipUntil, boundary < 6 * target - rounding {
            findings.append(
                .init(.skipBoundaryMinimum, line: control.line, "CAN-SKIP-UNTIL \(boundary) is below six target durations, \(6 * target)"))
        }
        return findings
    }

    private static func maps(_ playlist: PlaylistReader) -> [HLSFinding] {
        let bare = playlist.entries.first { entry in
            let path = entry.uri.prefix { $0 != "?" }
            return entry.map == nil && !entry.isGap && [".m4s", ".mp4", ".m4v", ".m4a"].contains { path.hasSuffix($0) }
        }
        // A delta update may leave out the tag together with the segments before it.
        guard let bare, playlist.skip == nil else { return [] }
        return [.init(.mapPresent, line: bare.line, "'\(bare.uri)' is fragmented MP4 and no EXT-X-MAP stands before it")]
    }
}
