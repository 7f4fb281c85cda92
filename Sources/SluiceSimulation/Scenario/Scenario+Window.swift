/// Parts of a scenario.
extension Scenario {
    /// What is left of it from this moment on, which becomes its beginning. A fault under way begins with it; the curve of the day
    /// begins at its bottom all the same.
    package func starting(at seconds: Double) -> Scenario {
        var scenario = self
        scenario.duration -= seconds
        scenario.streams = streams.compactMap { group in
            if let end = group.end, end <= seconds { return nil }
            var group = group
            group.end = group.end.map { $0 - seconds }
            group.startsOver = max(0, min(group.startsOver, group.startsOver + group.start - seconds))
            group.start = max(0, group.start - seconds)
            return group
        }
        for place in scenario.orchestrators.indices {
            scenario.orchestrators[place].faults = orchestrators[place].faults.flatMap { $0.starting(at: seconds) }
        }
        return scenario
    }
}

extension FaultModel {
    /// Shorter than this it is no fault (`Scenario.check`).
    private static let shortest = 0.001

    /// One or none; two when it is under way and comes again.
    fileprivate func starting(at seconds: Double) -> [FaultModel] {
        var shifted = self
        guard at < seconds else {
            shifted.at -= seconds
            return [shifted]
        }
        let since = every.map { (seconds - at).truncatingRemainder(dividingBy: $0) } ?? (seconds - at)
        var found: [FaultModel] = []
        if lasts.map({ $0 - since >= Self.shortest }) ?? true {
            found.append(FaultModel(kind, at: 0, lasts: lasts.map { $0 - since }))
        }
        if let every {
            shifted.at = every - since
            found.append(shifted)
        }
        return found
    }
}
