package import SluiceTypes

/// Whether anybody keeps a service level, and where nobody does, who comes nearest and what would have to be asked for instead.
package struct ServiceLevelCheck: Hashable, Sendable {
    /// What one orchestrator may fail at. The first two no change of the level would mend.
    package enum Demand: String, Hashable, Sendable, CaseIterable {
        case reachable, capabilities, price, region, gpuClass, latency
    }

    /// The nearest level that somebody keeps.
    package struct Nearest: Hashable, Sendable {
        package var level: ServiceLevel
        package var orchestrator: OrchestratorID
        /// What differs from the level that was asked for.
        package var changed: [Demand]
    }

    package var level: ServiceLevel
    /// Orchestrators in the list.
    package var listed: Int
    /// One of which too little has been seen to tell its latency counts as keeping it.
    package var isMet: Bool
    /// How many fail each demand; empty where somebody keeps them all.
    package var failing: [Demand: Int]
    package var nearest: Nearest?
}

extension ServiceLevelCheck: CustomStringConvertible {
    package var description: String {
        guard !isMet else { return "can be kept" }
        guard listed > 0 else { return "there is no orchestrator to keep it" }
        let faults = Demand.allCases.compactMap { demand in failing[demand].map { "\($0) \(words(demand))" } }
        let nobody = "none of \(listed) orchestrators keeps it: " + faults.joined(separator: ", ")
        guard let nearest else { return nobody + "; no other level would help" }
        let changes = nearest.changed.map { Self.words($0, nearest.level) }
        return nobody + "; the nearest that can be kept: \(changes.joined(separator: ", ")) (\(nearest.orchestrator))"
    }

    private func words(_ demand: Demand) -> String {
        switch demand {
        case .reachable: "cannot be reached"
        case .capabilities: "cannot do this kind of work"
        case .price: "more expensive than \(Self.plain(level.maxPrice ?? 0)) wei per pixel"
        case .region: "not in region \(level.region ?? "")"
        case .gpuClass: "of another GPU class than \((level.allowedClasses ?? []).map(\.rawValue).sorted().joined(separator: ", "))"
        case .latency: "later than \(Self.words(.latency, level)) at percentile \(level.percentile)"
        }
    }

    private static func plain(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    private static func words(_ demand: Demand, _ level: ServiceLevel) -> String {
        switch demand {
        case .reachable, .capabilities: "\(demand)"
        case .price: "maxPricePerPixelWei \(level.maxPrice.map(plain) ?? "any")"
        case .region: "region \(level.region ?? "any")"
        case .gpuClass: "gpuClasses " + (level.allowedClasses.map { $0.map(\.rawValue).sorted().joined(separator: ", ") } ?? "any")
        case .latency:
            switch level.latency {
            case .share(let share): "latency \(Int((share * 100).rounded()))%"
            case .seconds(let seconds): "latency \(Int((seconds * 1000).rounded()))ms"
            }
        }
    }
}

extension SegmentRouter {
    /// Walks the list until somebody keeps the level; only where nobody does, through all of it.
    ///
    /// - Parameter segment: what the work is like; without it latencies and capabilities are not looked at.
    package func check(_ level: ServiceLevel, for segment: SegmentFacts?) -> ServiceLevelCheck {
        var check = ServiceLevelCheck(level: level, listed: 0, isMet: false, failing: [:], nearest: nil)
        var best: Remedy?
        for (slot, record) in records.enumerated() where record.isListed {
            check.listed += 1
            let predicted = segment.flatMap { late(slot, $0, level) }
            let failing = obstacles(record, level, segment, isLate: predicted != nil)
            if failing.isEmpty {
                check.isMet = true
                check.failing = [:]
                check.listed = records.count { $0.isListed }
                return check
            }
            for demand in failing { check.failing[demand, default: 0] += 1 }
            if let remedy = Remedy(level, failing, record, predicted, duration: segment?.duration), best.map({ remedy < $0 }) ?? true {
                best = remedy
            }
        }
        check.nearest = best.map { .init(level: $0.level, orchestrator: $0.orchestrator, changed: $0.changed) }
        return check
    }

    /// - Returns: the predicted seconds at the level's percentile, where they are known well enough and past the target.
    private func late(_ slot: Int, _ segment: SegmentFacts, _ level: ServiceLevel) -> Double? {
        let prediction = prediction(slot, RouteQuestion(segment, level, at: segment.cut))
        guard prediction.samples >= Prediction.enoughSamples, prediction.atPercentile > level.target(for: segment.duration) else {
            return nil
        }
        return prediction.atPercentile
    }

    private func obstacles(
        _ record: OrchestratorRecord, _ level: ServiceLevel, _ segment: SegmentFacts?, isLate: Bool
    ) -> [ServiceLevelCheck.Demand] {
        // Of one that never answered nothing else is known.
        guard record.entry.isReachable else { return [.reachable] }
        var failing: [ServiceLevelCheck.Demand] = []
        if let segment, !segment.capabilities.subtracting(record.entry.capabilities).isEmpty { failing.append(.capabilities) }
        if let ceiling = level.maxPrice, record.price > ceiling { failing.append(.price) }
        if let region = level.region, record.entry.region != region { failing.append(.region) }
        if let allowed = level.allowedClasses, record.gpuClass.map({ !allowed.contains($0) }) ?? true { failing.append(.gpuClass) }
        if isLate { failing.append(.latency) }
        return failing
    }
}

/// What would have to be asked for instead, so that this orchestrator keeps it. The nearer one is the smaller.
private struct Remedy: Comparable {
    /// Steps of a latency that is named to a person.
    private static let share = 0.01
    private static let seconds = 0.01
    /// Shares and times that a level may have.
    private static let largestShare = 10.0
    private static let longest = 60.0

    var level: ServiceLevel
    var orchestrator: OrchestratorID
    var changed: [ServiceLevelCheck.Demand]
    /// The new latency and price over what was asked for.
    private var latencyFactor = 1.0
    private var price: Double

    /// - Returns: `nil` where no level would help.
    init?(
        _ asked: ServiceLevel, _ failing: [ServiceLevelCheck.Demand], _ record: OrchestratorRecord, _ predicted: Double?, duration: Double?
    ) {
        level = asked
        orchestrator = record.entry.id
        changed = failing
        price = record.price
        for demand in failing {
            switch demand {
            case .reachable, .capabilities: return nil
            case .price: level.maxPrice = record.price
            case .region: level.region = record.entry.region
            case .gpuClass: level.allowedClasses = record.gpuClass.flatMap { asked.allowedClasses?.union([$0]) }
            case .latency:
                guard let predicted, let duration else { return nil }
                latencyFactor = predicted / asked.target(for: duration)
                switch asked.latency {
                case .share:
                    let share = (predicted / duration / Self.share).rounded(.up) * Self.share
                    guard share <= Self.largestShare else { return nil }
                    level.latency = .share(share)
                case .seconds:
                    let seconds = (predicted / Self.seconds).rounded(.up) * Self.seconds
                    guard seconds <= Self.longest else { return nil }
                    level.latency = .seconds(seconds)
                }
            }
        }
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.changed.count, left.latencyFactor, left.price, left.orchestrator.rawValue)
            < (right.changed.count, right.latencyFactor, right.price, right.orchestrator.rawValue)
    }
}
