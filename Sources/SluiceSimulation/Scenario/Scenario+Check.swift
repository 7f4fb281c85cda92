extension Scenario {
    /// Bounds of what a run is built for. Each is far beyond what an operator has, and small enough that a slip of a zero is caught
    /// before it fills the memory.
    package enum Bounds {
        /// A week of virtual time.
        package static let duration = 604_800.0
        package static let gateways = 10_000
        package static let streams = 100_000
        package static let orchestrators = 100_000
        package static let segments = 50_000_000
        /// Renditions of a stream; they are kept as bits of a word.
        package static let renditions = 32
        package static let faults = 64
        /// A fault that comes more often than this is a state, not an event.
        package static let faultPeriod = 0.01
    }

    /// Everything that is impossible here; empty when it can be run.
    package func check() -> [ScenarioFault] {
        var check = ScenarioCheck()
        check.that("duration", duration, isIn: 0.5...Bounds.duration, "seconds")
        check.that("gateways", gateways, isIn: 1...Bounds.gateways)
        if let uplinkBitsPerSecond { check.isRate("uplinkBitsPerSecond", uplinkBitsPerSecond) }
        check.isNotEmpty("streams", streams.count)
        check.isNotEmpty("orchestrators", orchestrators.count)
        for (index, group) in streams.enumerated() { check.streams(group, at: "streams[\(index)]", duration: duration) }
        for (index, model) in orchestrators.enumerated() { check.orchestrator(model, at: "orchestrators[\(index)]") }
        guard check.faults.isEmpty else { return check.faults }
        let streamCount = streams.reduce(0) { $0 + $1.count }
        check.that("streams", streamCount, isIn: 1...Bounds.streams, "streams together")
        check.that("orchestrators", orchestrators.reduce(0) { $0 + $1.count }, isIn: 1...Bounds.orchestrators, "of them together")
        let segments = streams.reduce(0.0) { $0 + Double($1.count) * (duration / $1.segmentDuration) }
        if segments > Double(Bounds.segments) {
            check.fault("streams", "\(Int(segments)) segments together", "at most \(Bounds.segments); fewer streams or a shorter run")
        }
        var seen: Set<String> = []
        for (index, model) in orchestrators.enumerated() {
            for name in model.names where !seen.insert(name).inserted {
                check.fault("orchestrators[\(index)].name", name, "a name that no other orchestrator has")
            }
        }
        return check.faults
    }
}

extension OrchestratorModel {
    /// The names of those it stands for.
    package var names: [String] { count == 1 ? [name] : (1...max(count, 1)).map { "\(name)-\($0)" } }
}

private struct ScenarioCheck {
    private(set) var faults: [ScenarioFault] = []

    mutating func fault(_ path: String, _ value: String, _ allowed: String) {
        faults.append(ScenarioFault(path: path, value: value, allowed: allowed))
    }

    mutating func that(_ path: String, _ value: Double, isIn range: ClosedRange<Double>, _ unit: String = "") {
        guard !range.contains(value) else { return }
        fault(path, "\(value)", "\(range.lowerBound) to \(range.upperBound)" + (unit.isEmpty ? "" : " \(unit)"))
    }

    mutating func that(_ path: String, _ value: Int, isIn range: ClosedRange<Int>, _ unit: String = "") {
        guard !range.contains(value) else { return }
        fault(path, "\(value)", "\(range.lowerBound) to \(range.upperBound)" + (unit.isEmpty ? "" : " \(unit)"))
    }

    mutating func isNotEmpty(_ path: String, _ count: Int) {
        if count == 0 { fault(path, "empty", "a list of at least one") }
    }

    mutating func isRate(_ path: String, _ value: Double) { that(path, value, isIn: 1000...1e13, "bits per second") }

    mutating func isShare(_ path: String, _ value: Double, to most: Double = 1) { that(path, value, isIn: 0...most) }

    mutating func streams(_ group: StreamGroup, at path: String, duration: Double) {
        that("\(path).count", group.count, isIn: 1...Scenario.Bounds.streams)
        that("\(path).segmentDuration", group.segmentDuration, isIn: 0.5...10, "seconds")
        isRate("\(path).bitrate", group.bitrate)
        that("\(path).start", group.start, isIn: 0...max(duration, 0), "seconds, within the run")
        that("\(path).startsOver", group.startsOver, isIn: 0...max(duration, 0), "seconds, within the run")
        if let end = group.end, !(end > group.start && end <= Scenario.Bounds.duration) {
            fault("\(path).end", "\(end)", "after the start at \(group.start)")
        }
        that("\(path).renditions", group.renditions.count, isIn: 1...Scenario.Bounds.renditions, "of them")
        for (index, rendition) in group.renditions.enumerated() {
            let path = "\(path).renditions[\(index)]"
            that("\(path).width", rendition.width, isIn: 16...16_384, "pixels")
            that("\(path).height", rendition.height, isIn: 16...16_384, "pixels")
            that("\(path).frameRate", rendition.frameRate, isIn: 1...240, "frames per second")
            isRate("\(path).bitrate", rendition.bitrate)
        }
    }

    mutating func orchestrator(_ model: OrchestratorModel, at path: String) {
        if model.name.isEmpty { fault("\(path).name", "empty", "a name") }
        that("\(path).count", model.count, isIn: 1...Scenario.Bounds.orchestrators)
        that("\(path).price", model.price, isIn: 0...1e12, "wei per pixel")
        isShare("\(path).diurnalLoad", model.diurnalLoad, to: 0.95)
        that("\(path).diurnalPeriod", model.diurnalPeriod, isIn: 1...Scenario.Bounds.duration, "seconds")
        let service = model.service
        that("\(path).service.pixelsPerSecond", service.pixelsPerSecond, isIn: 1000...1e15)
        that("\(path).service.fixed", service.fixed, isIn: 0...60, "seconds")
        that("\(path).service.jitter", service.jitter, isIn: 0...2)
        isShare("\(path).service.tailShare", service.tailShare)
        that("\(path).service.tailFactor", service.tailFactor, isIn: 1...1000)
        that("\(path).service.coldStart", service.coldStart, isIn: 0...60, "seconds")
        that("\(path).service.lanes", service.lanes, isIn: 1...10_000)
        that("\(path).service.sessions", service.sessions, isIn: 1...1_000_000)
        that("\(path).service.queuedPerSession", service.queuedPerSession, isIn: 0...1000)
        recorded("\(path).service.recorded", service.recorded, upTo: 1)
        let network = model.network
        that("\(path).network.roundTrip", network.roundTrip, isIn: 0...10, "seconds")
        that("\(path).network.jitter", network.jitter, isIn: 0...2)
        isRate("\(path).network.bandwidth", network.bandwidth)
        isShare("\(path).network.loss", network.loss)
        recorded("\(path).network.recorded", network.recorded, upTo: 60)
        that("\(path).faults", model.faults.count, isIn: 0...Scenario.Bounds.faults, "of them")
        for (index, fault) in model.faults.enumerated() { self.fault(fault, at: "\(path).faults[\(index)]") }
    }

    /// Names the first that is impossible; there may be a great many.
    private mutating func recorded(_ path: String, _ samples: [Double], upTo most: Double) {
        guard let place = samples.firstIndex(where: { !(0...most).contains($0) }) else { return }
        that("\(path)[\(place)]", samples[place], isIn: 0...most, "seconds")
    }

    private mutating func fault(_ model: FaultModel, at path: String) {
        that("\(path).at", model.at, isIn: 0...Scenario.Bounds.duration, "seconds")
        if let lasts = model.lasts { that("\(path).lasts", lasts, isIn: 0.001...Scenario.Bounds.duration, "seconds") }
        if let every = model.every {
            that("\(path).every", every, isIn: Scenario.Bounds.faultPeriod...Scenario.Bounds.duration, "seconds")
            if let lasts = model.lasts {
                if lasts > every {
                    fault("\(path).lasts", "\(lasts)", "no longer than the \(every) seconds from one beginning to the next")
                }
            } else {
                fault("\(path).lasts", "missing", "a number of seconds, since the fault comes again every \(every)")
            }
        }
        switch model.kind {
        case .slow(let factor): that("\(path).factor", factor, isIn: 1...10_000)
        case .price(let factor): that("\(path).factor", factor, isIn: 0...1e9)
        case .halfAnswer(let share), .wrongBytes(let share), .loss(let share): isShare("\(path).share", share)
        case .stall, .crash, .crashDuring, .busy, .capped, .refuseTokens, .pictures: break
        }
    }
}
