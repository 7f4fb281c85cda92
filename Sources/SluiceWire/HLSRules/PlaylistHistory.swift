/// Rules that a media playlist keeps from one reading to the next. Feed whole playlists: fill delta updates first.
package struct PlaylistHistory: Sendable {
    private struct Promises: Hashable {
        let targetDuration: Int
        let partTarget: Double?
        let partHoldBack: Double?
        let holdBack: Double?
        let canSkipUntil: Double?

        init(_ playlist: PlaylistReader) {
            targetDuration = playlist.targetDuration
            partTarget = playlist.partTarget
            partHoldBack = playlist.serverControl?.partHoldBack
            holdBack = playlist.serverControl?.holdBack
            canSkipUntil = playlist.serverControl?.canSkipUntil
        }
    }

    private var promises: Promises?
    package private(set) var latest: PlaylistReader?
    /// When the latest change was seen.
    private var changed = 0.0
    private var hasComplainedOfStandstill = false

    package init() {}

    /// - Parameter now: seconds of a clock that does not go back.
    package mutating func check(_ next: PlaylistReader, at now: Double) -> [HLSFinding] {
        defer { latest = next }
        guard let known = latest, let promised = promises else {
            promises = Promises(next)
            changed = now
            return []
        }
        var findings = constancy(next, promised)
        promises = Promises(next)
        if known.isEnded {
            if !next.isEnded || next.openSequence > known.openSequence {
                findings.append(.init(.endIsFinal, "it had ended at \(known.openSequence - 1) and goes on"))
            }
            return findings
        }
        guard next.mediaSequence >= known.mediaSequence, next.nextPart >= known.nextPart else {
            let line = next.line(of: "EXT-X-MEDIA-SEQUENCE")
            findings.append(
                .init(
                    .sequenceForward, line: line,
                    "it reached from \(known.mediaSequence) to \(known.nextPart) and reaches from \(next.mediaSequence) to \(next.nextPart) now"
                ))
            return findings
        }
        if next.mediaSequence > known.openSequence {
            findings.append(.init(.segmentsContinue, "it ended at \(known.nextPart) and begins at \(next.mediaSequence) now"))
        }
        findings += segments(known, next) + hint(known, next) + standstill(known, next, now)
        return findings
    }

    private func constancy(_ next: PlaylistReader, _ before: Promises) -> [HLSFinding] {
        let after = Promises(next)
        var findings: [HLSFinding] = []
        if after.targetDuration != before.targetDuration {
            findings.append(
                .init(
                    .targetDurationConstant, line: next.line(of: "EXT-X-TARGETDURATION"),
                    "the target duration was \(before.targetDuration) and is \(after.targetDuration)"))
        }
        if after.partTarget != before.partTarget {
            findings.append(
                .init(
                    .partTargetConstant, line: next.line(of: "EXT-X-PART-INF"),
                    "PART-TARGET was \(text(before.partTarget)) and is \(text(after.partTarget))"))
        }
        let pairs = [
            ("PART-HOLD-BACK", before.partHoldBack, after.partHoldBack), ("HOLD-BACK", before.holdBack, after.holdBack),
            ("CAN-SKIP-UNTIL", before.canSkipUntil, after.canSkipUntil),
        ]
        for (name, was, now) in pairs where was != now {
            findings.append(.init(.serverControlConstant, line: next.serverControl?.line, "\(name) was \(text(was)) and is \(text(now))"))
        }
        return findings
    }

    private func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "absent" }

    private func segments(_ known: PlaylistReader, _ next: PlaylistReader) -> [HLSFinding] {
        var findings: [HLSFinding] = []
        var numbers = (Self.discontinuities(known), Self.discontinuities(next))
        let near = Double(3 * next.targetDuration)
        for (index, entry) in next.entries.enumerated() {
            let sequence = next.firstSequence + Int64(index)
            if sequence == known.openSequence { findings += parts(known.openParts, entry.parts, sequence) }
            guard let before = known.entry(sequence) else { continue }
            if before.uri != entry.uri || before.duration != entry.duration || before.isGap != entry.isGap {
                findings.append(
                    .init(
                        .segmentUnchanged, line: entry.line,
                        "segment \(sequence) was '\(before.uri)' of \(before.duration) s, is '\(entry.uri)' of \(entry.duration) s"))
            }
            if let was = before.wallClock, let now = entry.wallClock, was != now {
                findings.append(.init(.dateTimeUnchanged, line: entry.line, "the date of segment \(sequence) moved by \(now - was) ms"))
            }
            if !before.parts.isEmpty, entry.parts.isEmpty {
                let distance = next.secondsAfter(index) + entry.duration
                if distance < near {
                    let what = "the parts of segment \(sequence) are gone, which begins \(distance) s before the end"
                    findings.append(.init(.partKept, line: entry.line, what))
                }
            } else {
                findings += parts(before.parts, entry.parts, sequence)
            }
            if let was = numbers.0.removeValue(forKey: sequence), let now = numbers.1.removeValue(forKey: sequence), was != now {
                findings.append(
                    .init(
                        .discontinuityCounted, line: next.line(of: "EXT-X-DISCONTINUITY-SEQUENCE"),
                        "segment \(sequence) had discontinuity number \(was) and has \(now)"))
                numbers = ([:], [:])
            }
        }
        if next.openSequence == known.openSequence { findings += parts(known.openParts, next.openParts, next.openSequence) }
        return findings
    }

    /// Of each segment, by its sequence.
    private static func discontinuities(_ playlist: PlaylistReader) -> [Int64: Int64] {
        var numbers: [Int64: Int64] = [:]
        var number = playlist.discontinuitySequence
        for (index, entry) in playlist.entries.enumerated() {
            if entry.startsDiscontinuity { number += 1 }
            numbers[playlist.firstSequence + Int64(index)] = number
        }
        return numbers
    }

    private func parts(_ before: [PlaylistReader.Part], _ after: [PlaylistReader.Part], _ sequence: Int64) -> [HLSFinding] {
        guard after.count >= before.count else {
            return [.init(.partKept, line: after.first?.line, "segment \(sequence) had \(before.count) parts and has \(after.count)")]
        }
        for (index, (was, now)) in zip(before, after).enumerated() {
            if was.uri != now.uri || was.duration != now.duration || was.isGap != now.isGap || was.isIndependent != now.isIndependent {
                return [
                    .init(
                        .partUnchanged, line: now.line,
                        "part \(sequence).\(index) was '\(was.uri)' of \(was.duration) s, is '\(now.uri)' of \(now.duration) s")
                ]
            }
        }
        return []
    }

    private func hint(_ known: PlaylistReader, _ next: PlaylistReader) -> [HLSFinding] {
        guard let hint = known.hints.first(where: { $0.kind == "PART" }) else { return [] }
        let place = known.nextPart
        // When the segment was over with the parts known, the hint was of the first part of the next one.
        func follower() -> (part: PlaylistReader.Part, isCut: Bool)? {
            if let entry = next.entry(place.sequence) {
                if entry.parts.count > place.part { return (entry.parts[place.part], place.part == 0 && entry.startsDiscontinuity) }
                if entry.parts.isEmpty { return nil }
                if let after = next.entry(place.sequence + 1) { return after.parts.first.map { ($0, after.startsDiscontinuity) } }
                return next.openParts.first.map { ($0, next.openStartsDiscontinuity) }
            }
            guard next.openSequence == place.sequence, next.openParts.count > place.part else { return nil }
            return (next.openParts[place.part], place.part == 0 && next.openStartsDiscontinuity)
        }
        // What a new publisher brings could not be hinted.
        guard let (part, isCut) = follower(), !isCut, !part.isGap, part.uri != hint.uri else { return [] }
        return [.init(.hintKept, line: part.line, "'\(hint.uri)' was hinted and '\(part.uri)' came")]
    }

    private mutating func standstill(_ known: PlaylistReader, _ next: PlaylistReader, _ now: Double) -> [HLSFinding] {
        if next.isEnded || next.nextPart != known.nextPart {
            changed = now
            hasComplainedOfStandstill = false
            return []
        }
        guard !hasComplainedOfStandstill, now - changed > 1.5 * Double(next.targetDuration) else { return [] }
        hasComplainedOfStandstill = true
        return [.init(.updatedInTime, "nothing new for more than one and a half target durations of \(next.targetDuration) s")]
    }
}
