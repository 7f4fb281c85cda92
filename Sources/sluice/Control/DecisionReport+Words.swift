import Foundation

extension DecisionReport {
    /// The decision in words, for a person at a terminal.
    var words: String {
        var lines = ["segment \(sequence) of \(stream): \(sentence)"]
        lines.append(
            "  \(candidates) could do it (\(workClass)); wanted by \(Self.milliseconds(targetMs)), needed by "
                + "\(Self.milliseconds(deadlineMs)), given up at \(Self.milliseconds(giveUpMs)) after the cut")
        for look in considered {
            var line = "  looked at \(look.orchestrator): \(Self.milliseconds(look.predictedMs)) predicted, "
            line += "\(Self.milliseconds(look.predictedAtPercentileMs)) at the percentile, \(look.inFlight) in flight"
            if look.samples < 4 { line += ", little known" }
            if look.weiPerPixel > 0 { line += ", \(look.weiPerPixel) wei per pixel" }
            if let leftOut = look.leftOut { line += "; \(leftOut)" }
            lines.append(line)
        }
        for left in leftOut { lines.append("  left out \(left.orchestrator): \(left.reason)") }
        if leftOutCount > leftOut.count { lines.append("  left out \(leftOutCount - leftOut.count) more") }
        for attempt in attempts { lines.append("  " + Self.words(attempt)) }
        return lines.joined(separator: "\n")
    }

    /// What was chosen, why, and what came of it: one line.
    var sentence: String {
        let outcome =
            failure.map { "LOST (\($0))" }
            ?? finishMs.map { "all renditions after \(Self.milliseconds($0))" + (isMissed ? ", past the deadline" : "") } ?? "under way"
        let extra = attempts.dropFirst().filter { $0.role != "canary" }.map { "\($0.role) to \($0.orchestrator) \($0.result)" }
        return "\(choice ?? "nobody") (\(Self.why[reason] ?? reason)); " + (extra + [outcome]).joined(separator: "; ")
    }

    private static func words(_ attempt: Attempt) -> String {
        var line = "\(attempt.role) to \(attempt.orchestrator) at \(milliseconds(attempt.sentMs)): \(attempt.result)"
        let phases = [
            ("upload", attempt.uploadMs), ("work", attempt.workMs), ("first byte", attempt.firstByteMs), ("body", attempt.bodyMs),
        ]
        let known = phases.compactMap { name, value in value.map { "\(name) \(milliseconds($0))" } }
        if !known.isEmpty { line += " (" + known.joined(separator: ", ") + ")" }
        if attempt.costWei > 0 { line += String(format: ", %.0f wei", attempt.costWei) }
        return line
    }

    private static let why = [
        "stay": "keeps its promise", "first": "the stream's first", "barred": "the old one may not be used any more",
        "unhealthy": "the old one had trouble", "queued": "the old one is busy with this stream",
        "sooner": "the old one would be late", "cheaper": "as good and cheaper", "preferred": "of a preferred class",
        "leastLate": "none keeps the target, this one is soonest", "panic": "none is in health, this one is least bad",
        "nobody": "there is none",
    ]

    private static func milliseconds(_ value: Double) -> String {
        value >= 10_000 ? String(format: "%.1f s", value / 1000) : String(format: "%.0f ms", value)
    }
}
