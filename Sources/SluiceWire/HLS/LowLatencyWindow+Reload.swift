package import SluiceTypes

/// When a playlist reload is answered (draft-pantos-hls-rfc8216bis §6.2.5.2).
package enum ReloadDecision: Hashable, Sendable {
    case answer
    case wait
    /// 400, and why.
    case refuse(String)
}

extension LowLatencyWindow {
    package func decide(_ reload: PlaylistReload) -> ReloadDecision {
        guard var sequence = reload.sequence else {
            return reload.part == nil ? .answer : .refuse("_HLS_part needs _HLS_msn beside it")
        }
        guard let timing, !isEnded else { return isEnded ? .answer : .wait }
        var part = reload.part
        let openSequence = open?.sequence ?? nextSequence
        // A part beyond the end of a complete segment is the first of the next.
        if let asked = part, let entry = entries.first(where: { $0.sequence == sequence && $0.isComplete }), asked >= entry.parts.count {
            sequence += 1
            part = 0
        }
        if sequence < openSequence { return .answer }
        guard sequence <= openSequence + 1 else {
            return .refuse("segment \(sequence) is more than two beyond the last, \(openSequence - 1)")
        }
        guard let part else { return .wait }
        let there = sequence == openSequence ? open?.parts.count ?? 0 : 0
        if part < there { return .answer }
        guard part < there + timing.advanceParts else {
            return .refuse("part \(part) of segment \(sequence) is more than \(timing.advanceParts) beyond the last, \(there - 1)")
        }
        return .wait
    }
}

extension PlaylistReload {
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter query: what stands behind the question mark; parameters of others are left to them.
    package init(query: Substring) throws(Malformed) {
        self.init()
        for pair in query.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = halves.count == 2 ? halves[1] : ""
            switch halves[0] {
            case "_HLS_msn": sequence = try Self.number(value, "_HLS_msn")
            case "_HLS_part": part = Int(try Self.number(value, "_HLS_part"))
            case "_HLS_skip":
                guard value == "YES" || value == "v2" else {
                    throw Malformed(description: "_HLS_skip is YES or v2, not '\(value.prefix(20))'")
                }
                skips = true
            default: break
            }
        }
        if part != nil, sequence == nil { throw Malformed(description: "_HLS_part needs _HLS_msn beside it") }
    }

    private static func number(_ text: Substring, _ name: String) throws(Malformed) -> Int64 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let value = Int64(text) else {
            throw Malformed(description: "\(name) is a whole number from 0, not '\(text.prefix(20))'")
        }
        return value
    }
}
