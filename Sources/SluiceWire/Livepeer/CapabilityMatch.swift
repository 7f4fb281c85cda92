package import SluiceProto

/// Whether an orchestrator may be given a job (specs/transcoding-protocol §5.5). Both sides run the same test.
package enum CapabilityMatch {
    /// - Parameter offer: `nil` when the orchestrator sent no capabilities at all.
    package static func allows(_ job: Net_Capabilities, offer: Net_Capabilities?) -> Bool {
        guard let offer else { return covers([4095], job.bitstring) }
        return satisfiesVersion(offer.version, atLeast: job.constraints.minVersion)
            && covers(job.bitstring, offer.mandatories)
            && satisfiesModels(job: job.constraints, offer: offer.constraints)
            && covers(offer.bitstring, job.bitstring)
    }

    /// Every bit of `needed` is in `have`; a longer list fails even where its tail is zero.
    static func covers(_ have: [UInt64], _ needed: [UInt64]) -> Bool {
        needed.count <= have.count && zip(needed, have).allSatisfy { $0 & ~$1 == 0 }
    }

    /// Pre-release suffixes do not count. An unreadable minimum passes, an unreadable version does not.
    static func satisfiesVersion(_ version: String, atLeast minimum: String) -> Bool {
        if minimum.isEmpty { return true }
        if version.isEmpty || version == "undefined" { return false }
        guard let least = numbers(of: minimum) else { return true }
        guard let actual = numbers(of: version) else { return false }
        return !actual.lexicographicallyPrecedes(least)
    }

    private static func satisfiesModels(
        job: Net_Capabilities.Constraints, offer: Net_Capabilities.Constraints
    ) -> Bool {
        job.perCapability.allSatisfy { number, wanted in
            guard let there = offer.perCapability[number] else { return true }
            return wanted.models.allSatisfy { name, model in
                guard let offered = there.models[name] else { return false }
                return (!model.warm || offered.warm)
                    && satisfiesVersion(offered.runnerVersion, atLeast: model.runnerVersion)
            }
        }
    }

    private static func numbers(of version: String) -> [Int]? {
        var text = version[...]
        if text.first == "v" { text = text.dropFirst() }
        text = text.prefix { $0 != "-" && $0 != "+" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...3).contains(parts.count), parts.allSatisfy({ $0 != nil && $0 ?? -1 >= 0 }) else { return nil }
        return parts.compactMap { $0 } + Array(repeating: 0, count: 3 - parts.count)
    }
}
