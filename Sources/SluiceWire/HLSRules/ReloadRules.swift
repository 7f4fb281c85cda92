/// Rules of the answers to playlist requests with delivery directives.
package enum ReloadRules {
    /// What a request asked for: `_HLS_msn`, and `_HLS_part` where it had one.
    package struct Wish: Hashable, Sendable {
        package var sequence: Int64
        package var part: Int?

        package init(sequence: Int64, part: Int?) {
            self.sequence = sequence
            self.part = part
        }
    }

    /// A wait that is longer than three target durations by this is over the limit and not just slow to arrive.
    private static let patience = 1.0

    /// - Parameters:
    ///   - answer: the playlist, when the status was 200.
    ///   - seconds: from the request to the answer.
    package static func check(_ wish: Wish, status: Int, seconds: Double, answer: PlaylistReader?, targetDuration: Int) -> [HLSFinding] {
        let asked = "_HLS_msn=\(wish.sequence)" + (wish.part.map { "&_HLS_part=\($0)" } ?? "")
        var findings: [HLSFinding] = []
        if seconds > Double(3 * targetDuration) + patience {
            findings.append(.init(.reloadGivesUp, "\(asked) was held for \(seconds) s, more than three target durations"))
        }
        if let answer, status == 200 {
            if !contains(answer, wish), !answer.isEnded {
                findings.append(.init(.reloadHasWhatWasAsked, "\(asked) was answered with a playlist up to \(answer.nextPart), without it"))
            }
        } else if status != 503 {
            findings.append(.init(.reloadAnswered, "\(asked) was answered with \(status)"))
        }
        return findings
    }

    /// Whether a playlist holds what was asked for. A part past the end of a finished segment is the first of the next.
    package static func contains(_ playlist: PlaylistReader, _ wish: Wish) -> Bool {
        guard let part = wish.part else { return playlist.openSequence > wish.sequence }
        if playlist.openSequence == wish.sequence { return playlist.openParts.count > part }
        guard playlist.openSequence > wish.sequence else { return false }
        guard playlist.openSequence == wish.sequence + 1, let entry = playlist.entry(wish.sequence) else { return true }
        return part < max(1, entry.parts.count) || !playlist.openParts.isEmpty
    }

    /// Requests that no server may hold or answer with a playlist.
    package enum BadRequest: String, CaseIterable, Sendable {
        case farFuture, partAlone, negative, noNumber

        /// - Parameter edge: what the stream gives next.
        package func query(edge: PlaylistPosition) -> String {
            switch self {
            case .farFuture: "_HLS_msn=\(edge.sequence + 1_000)"
            case .partAlone: "_HLS_part=\(edge.part)"
            case .negative: "_HLS_msn=-1"
            case .noNumber: "_HLS_msn=soon&_HLS_part=1"
            }
        }

        private var rule: HLSRule {
            switch self {
            case .farFuture: .farFutureRefused
            case .partAlone: .partAloneRefused
            case .negative, .noNumber: .badNumberRefused
            }
        }

        package func check(status: Int?, query: String) -> [HLSFinding] {
            guard status != 400 else { return [] }
            return [.init(rule, "\(query) was answered with \(status.map { "\($0)" } ?? "nothing"); 400 is right")]
        }
    }
}

/// Rules of delta updates.
package enum DeltaRules {
    /// - Parameters:
    ///   - delta: the answer to a request with `_HLS_skip=YES`, as it came.
    ///   - full: the whole playlist, read before it.
    package static func check(_ delta: PlaylistReader, against full: PlaylistReader) -> [HLSFinding] {
        guard let skip = delta.skip else { return [] }
        guard let boundary = delta.serverControl?.canSkipUntil else {
            return [.init(.deltaKeepsBoundary, line: skip.line, "segments are left out, and no CAN-SKIP-UNTIL allows it")]
        }
        var findings: [HLSFinding] = []
        let kept = delta.entries.reduce(0) { $0 + $1.duration } + delta.openParts.reduce(0) { $0 + $1.duration }
        // A segment may go when the whole of it lies behind the boundary.
        if kept < boundary - PlaylistRules.rounding {
            findings.append(
                .init(
                    .deltaKeepsBoundary, line: skip.line,
                    "\(skip.segments) segments are left out and \(kept) s remain, less than CAN-SKIP-UNTIL \(boundary)"))
        }
        guard let whole = delta.filled(from: full) else {
            findings.append(
                .init(
                    .deltaMatches, line: skip.line,
                    "\(skip.segments) segments from \(delta.mediaSequence) are left out that the playlist did not have"))
            return findings
        }
        for (index, entry) in whole.entries.enumerated() {
            let sequence = whole.mediaSequence + Int64(index)
            guard let known = full.entry(sequence), known.uri != entry.uri || known.duration != entry.duration else { continue }
            findings.append(
                .init(
                    .deltaMatches, line: entry.line,
                    "segment \(sequence) is '\(entry.uri)' in the update and '\(known.uri)' in the playlist"))
        }
        return findings
    }
}
