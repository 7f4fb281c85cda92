import SluiceSimulation

/// What the command line may change in a scenario.
extension Scenario {
    /// Cut off, or drawn out, to `seconds`: groups of streams that would start later are left out.
    ///
    /// - Throws: `SettingsError` when nothing would be left.
    func lasting(_ seconds: Double) throws(SettingsError) -> Scenario {
        var scenario = self
        scenario.duration = seconds
        scenario.streams = streams.filter { $0.start < seconds }.map { group in
            var group = group
            group.startsOver = min(group.startsOver, seconds - group.start)
            return group
        }
        guard !scenario.streams.isEmpty else {
            throw SettingsError("--duration \(seconds)s: no stream of scenario '\(name)' starts so early")
        }
        return scenario
    }

    /// With `count` streams in all, dealt out to the groups in their old proportion.
    func with(streams count: Int) -> Scenario {
        let total = streams.reduce(0) { $0 + $1.count }
        guard total > 0 else { return self }
        var scenario = self
        var dealt = 0
        var before = 0
        for index in streams.indices {
            before += streams[index].count
            // Rounding the running sum deals out exactly `count`.
            let until = Int((Double(before) / Double(total) * Double(count)).rounded())
            scenario.streams[index].count = until - dealt
            dealt = until
        }
        scenario.streams.removeAll { $0.count == 0 }
        return scenario
    }
}
