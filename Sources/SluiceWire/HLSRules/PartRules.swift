/// Rules of low latency that one media playlist keeps by itself.
enum PartRules {
    static func check(_ playlist: PlaylistReader) -> [HLSFinding] {
        var findings = header(playlist) + end(playlist)
        guard let target = playlist.partTarget else {
            return findings + [.init(.partTargetPresent, line: firstPart(playlist)?.line, "parts, and no EXT-X-PART-INF")]
        }
        for entry in playlist.entries {
            let last = entry.parts.count - 1
            for (index, part) in entry.parts.enumerated() {
                let isBeforeGap = index < last && entry.parts[index + 1].isGap
                findings += length(of: part, target, mayBeShort: index == last || isBeforeGap)
            }
            findings += whole(entry)
        }
        for (index, part) in playlist.openParts.enumerated() {
            // The newest may turn out to be the last of its segment.
            let isNewest = index == playlist.openParts.count - 1
            findings += length(of: part, target, mayBeShort: isNewest || playlist.openParts[index + 1].isGap)
        }
        return findings + nearness(playlist) + independence(playlist)
    }

    private static func firstPart(_ playlist: PlaylistReader) -> PlaylistReader.Part? {
        playlist.entries.lazy.compactMap(\.parts.first).first ?? playlist.openParts.first
    }

    private static func header(_ playlist: PlaylistReader) -> [HLSFinding] {
        var findings: [HLSFinding] = []
        let control = playlist.serverControl
        if let holdBack = control?.partHoldBack {
            if let target = playlist.partTarget {
                if holdBack < 2 * target - PlaylistRules.rounding {
                    findings.append(
                        .init(.partHoldBackMinimum, line: control?.line, "PART-HOLD-BACK \(holdBack) is below twice PART-TARGET \(target)"))
                } else if holdBack < 3 * target - PlaylistRules.rounding {
                    findings.append(
                        .init(
                            .partHoldBackAdvised, line: control?.line,
                            "PART-HOLD-BACK \(holdBack) is below three times PART-TARGET \(target)"))
                }
            }
        } else {
            findings.append(.init(.partHoldBackPresent, line: control?.line, "no PART-HOLD-BACK"))
        }
        if control?.canBlockReload != true {
            findings.append(.init(.blockReloadOffered, line: control?.line, "no CAN-BLOCK-RELOAD=YES"))
        }
        if control?.canSkipUntil == nil { findings.append(.init(.skipOffered, line: control?.line, "no CAN-SKIP-UNTIL")) }
        if playlist.skip == nil, playlist.openWallClock == nil, !playlist.entries.contains(where: { $0.wallClock != nil }) {
            findings.append(.init(.dateTimePresent, "no EXT-X-PROGRAM-DATE-TIME"))
        }
        return findings
    }

    private static func end(_ playlist: PlaylistReader) -> [HLSFinding] {
        if playlist.isEnded {
            guard let line = playlist.hints.first?.line ?? playlist.openParts.first?.line else { return [] }
            return [.init(.nothingAfterEnd, line: line, "parts or hints in a playlist that has ended")]
        }
        guard let hint = playlist.hints.first(where: { $0.kind == "PART" }) else {
            return [.init(.hintPresent, "no EXT-X-PRELOAD-HINT of a part")]
        }
        let listed = playlist.openParts + (playlist.entries.last?.parts ?? [])
        guard let twin = listed.first(where: { $0.uri == hint.uri && ($0.range?.start ?? 0) == hint.start }) else { return [] }
        return [.init(.hintNotListed, line: hint.line, "'\(hint.uri)' is hinted and stands already at line \(twin.line)")]
    }

    private static func length(of part: PlaylistReader.Part, _ target: Double, mayBeShort: Bool) -> [HLSFinding] {
        if part.duration > target + PlaylistRules.rounding {
            return [.init(.partWithinTarget, line: part.line, "a part of \(part.duration) s; PART-TARGET is \(target)")]
        }
        if !mayBeShort, !part.isIndependent, !part.isGap, part.duration < 0.85 * target - PlaylistRules.rounding {
            let share = Int(part.duration / target * 100)
            return [.init(.partFillsTarget, line: part.line, "a part of \(part.duration) s, \(share) % of PART-TARGET \(target)")]
        }
        return []
    }

    private static func whole(_ entry: PlaylistReader.Entry) -> [HLSFinding] {
        guard !entry.parts.isEmpty else { return [] }
        let sum = entry.parts.reduce(0) { $0 + $1.duration }
        guard abs(sum - entry.duration) > PlaylistRules.sumTolerance else { return [] }
        return [.init(.partsMakeSegment, line: entry.line, "a segment of \(entry.duration) s whose parts make \(sum) s")]
    }

    /// Parts stand at the last three target durations, and not far behind them. Those of one segment may go together: a segment
    /// counts as near when all of it is.
    private static func nearness(_ playlist: PlaylistReader) -> [HLSFinding] {
        guard !playlist.isEnded, playlist.targetDuration > 0 else { return [] }
        let near = Double(3 * playlist.targetDuration)
        // The segments before the first with parts may be of the time before there were any.
        let first = playlist.entries.firstIndex { !$0.parts.isEmpty } ?? playlist.entries.count
        var findings: [HLSFinding] = []
        for (index, entry) in playlist.entries.enumerated() {
            let distance = playlist.secondsAfter(index)
            if index > first, entry.parts.isEmpty, !entry.isGap, distance + entry.duration < near {
                let what = "a segment that begins \(distance + entry.duration) s before the end, without its parts"
                findings.append(.init(.partsNearEdge, line: entry.line, what))
            }
            // A segment more, so that who removes with each new segment is not blamed in between.
            if !entry.parts.isEmpty, distance > near + Double(playlist.targetDuration) {
                findings.append(.init(.oldPartsRemoved, line: entry.parts[0].line, "parts still \(distance) s behind the end"))
            }
        }
        return findings
    }

    /// Where every segment begins with a key frame, so does its first part.
    private static func independence(_ playlist: PlaylistReader) -> [HLSFinding] {
        guard playlist.isIndependent else { return [] }
        let firsts = playlist.entries.compactMap(\.parts.first) + (playlist.openParts.first.map { [$0] } ?? [])
        return firsts.filter { !$0.isIndependent && !$0.isGap }.map {
            .init(.independentMarked, line: $0.line, "the first part of an independent segment without INDEPENDENT=YES")
        }
    }
}
