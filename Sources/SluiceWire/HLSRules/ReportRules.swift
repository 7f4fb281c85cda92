import Foundation

/// Rules of rendition reports: each playlist tells how far the others are.
package enum ReportRules {
    /// How far another rendition was, before and after the playlist with the reports was read.
    package struct Rendition: Hashable, Sendable {
        package var address: String
        package var before: PlaylistPosition
        package var after: PlaylistPosition

        package init(address: String, before: PlaylistPosition, after: PlaylistPosition) {
            self.address = address
            self.before = before
            self.after = after
        }
    }

    /// - Parameters:
    ///   - address: of the playlist, to resolve the addresses in it.
    ///   - others: the other renditions of the stream.
    package static func check(_ playlist: PlaylistReader, at address: String, others: [Rendition]) -> [HLSFinding] {
        guard playlist.hasParts, !playlist.isEnded else { return [] }
        var findings: [HLSFinding] = []
        var reports: [String: PlaylistReader.RenditionReport] = [:]
        for report in playlist.reports {
            guard let uri = report.uri, let resolved = URL(string: uri, relativeTo: URL(string: address)) else {
                findings.append(.init(.reportComplete, line: report.line, "a report without URI"))
                continue
            }
            if report.lastSequence == nil || report.lastPart == nil {
                findings.append(.init(.reportComplete, line: report.line, "the report of '\(uri)' lacks LAST-MSN or LAST-PART"))
            }
            reports[resolved.path] = report
        }
        for other in others {
            guard let path = URL(string: other.address)?.path, let report = reports[path] else {
                findings.append(.init(.reportForEach, "no report of '\(other.address)'"))
                continue
            }
            guard let sequence = report.lastSequence, let part = report.lastPart else { continue }
            let said = PlaylistPosition(sequence: sequence, part: part)
            // Positions name what comes next; a report the last that is there.
            if said >= other.after || said < other.before.previous {
                findings.append(
                    .init(
                        .reportExact, line: report.line,
                        "'\(other.address)' is reported at \(said), and was between \(other.before.previous) and \(other.after)"))
            }
        }
        return findings
    }
}

extension PlaylistPosition {
    /// The part before, as far as one can know: the last of the segment before may have any number.
    fileprivate var previous: Self {
        part > 0 ? Self(sequence: sequence, part: part - 1) : Self(sequence: sequence - 1, part: 0)
    }
}
