/// Rules of the multivariant playlist, and of its renditions side by side.
package enum VariantRules {
    package static func check(_ playlist: MultivariantReader) -> [HLSFinding] {
        var findings = playlist.faults.map { HLSFinding(.readable, line: $0.line, $0.what) }
        if !playlist.isIndependent { findings.append(.init(.independenceTold, "no EXT-X-INDEPENDENT-SEGMENTS")) }
        for variant in playlist.variants {
            func note(_ rule: HLSRule, _ name: String) {
                findings.append(.init(rule, line: variant.line, "'\(variant.uri)' without \(name)"))
            }
            if variant.bandwidth == nil { note(.bandwidthPresent, "BANDWIDTH") }
            if variant.averageBandwidth == nil { note(.averageBandwidthPresent, "AVERAGE-BANDWIDTH") }
            if variant.codecs == nil { note(.codecsPresent, "CODECS") }
            let hasVideo = variant.codecs.map { $0.split(separator: ",").contains { !$0.hasPrefix("mp4a") && $0 != "opus" } } ?? true
            if hasVideo, variant.resolution == nil { note(.resolutionPresent, "RESOLUTION") }
            if hasVideo, variant.frameRate == nil { note(.frameRatePresent, "FRAME-RATE") }
        }
        return findings
    }

    /// A frame of 15 a second: renditions cut at the same frames differ by rounding only.
    private static let tolerance = 0.067

    /// Segments of the same number hold the same media.
    package static func alignment(_ first: PlaylistReader, _ second: PlaylistReader, name: String) -> [HLSFinding] {
        var findings: [HLSFinding] = []
        if first.targetDuration != second.targetDuration {
            findings.append(
                .init(
                    .renditionsAligned, line: second.line(of: "EXT-X-TARGETDURATION"),
                    "'\(name)' has target duration \(second.targetDuration), the first rendition \(first.targetDuration)"))
        }
        for (index, entry) in second.entries.enumerated() {
            let sequence = second.firstSequence + Int64(index)
            guard let twin = first.entry(sequence), !twin.isGap, !entry.isGap, abs(twin.duration - entry.duration) > tolerance else {
                continue
            }
            findings.append(
                .init(
                    .renditionsAligned, line: entry.line,
                    "segment \(sequence) of '\(name)' lasts \(entry.duration) s, in the first rendition \(twin.duration)"))
        }
        return findings
    }
}
