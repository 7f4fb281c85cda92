package import SluiceTypes

/// Ranks orchestrators for one segment by predicted finish, from what all streams of this gateway have seen of them.
///
/// Pure: time is an argument. A first, honest version: one moving average of the whole round trip per orchestrator.
package struct OrchestratorSelection: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Settings: Sendable {
        /// Wei per pixel; `nil` accepts any price.
        package var priceCeiling: Double?
        /// Weight of the newest round trip in the average.
        package var smoothing = 0.3
        /// First span for which a faulty orchestrator is left out; doubles with each fault in a row.
        package var ejection: Duration = .seconds(2)
        package var longestEjection: Duration = .seconds(60)

        package init(priceCeiling: Double? = nil) { self.priceCeiling = priceCeiling }
    }

    package enum LeftOut: Hashable, Sendable {
        case unreachable
        case lacks(capabilities: [Int])
        case tooExpensive(weiPerPixel: Double)
        case ejected(faults: Int)
    }

    package struct Ranking: Sendable {
        /// Best first.
        package var candidates: [OrchestratorID]
        package var leftOut: [OrchestratorID: LeftOut]
    }

    private struct Record {
        /// Seconds of round trip per second of media.
        var roundTrip: Double?
        var inFlight = 0
        var faultsInRow = 0
        var ejectedUntil: Instant?
    }

    /// What an orchestrator nobody has tried yet is taken for: fast enough to be tried, not to displace a proven one.
    private static let untriedRoundTrip = 0.25

    private let settings: Settings
    private var records: [OrchestratorID: Record] = [:]

    package init(settings: Settings = .init()) { self.settings = settings }

    /// - Parameter needed: capabilities the job cannot do without.
    package func rank(_ entries: [OrchestratorEntry], needing needed: CapabilitySet, at now: Instant) -> Ranking {
        var scored: [(id: OrchestratorID, score: Double)] = []
        var lastResort: [(id: OrchestratorID, until: Instant)] = []
        var leftOut: [OrchestratorID: LeftOut] = [:]
        for entry in entries {
            let missing = needed.subtracting(entry.capabilities)
            let record = records[entry.id]
            if !entry.isReachable {
                leftOut[entry.id] = .unreachable
            } else if !missing.isEmpty {
                leftOut[entry.id] = .lacks(capabilities: missing)
            } else if let ceiling = settings.priceCeiling, let price = entry.price, price.weiPerPixel > ceiling {
                leftOut[entry.id] = .tooExpensive(weiPerPixel: price.weiPerPixel)
            } else if let until = record?.ejectedUntil, now < until {
                leftOut[entry.id] = .ejected(faults: record?.faultsInRow ?? 0)
                lastResort.append((entry.id, until))
            } else {
                let average = record?.roundTrip ?? Self.untriedRoundTrip
                scored.append((entry.id, average * Double(1 + (record?.inFlight ?? 0))))
            }
        }
        // When every one that could do the work is ejected, the fault is likelier ours: use them all the same, soonest free first.
        if scored.isEmpty {
            let ids = lastResort.sorted { $0.until < $1.until }.map(\.id)
            for id in ids { leftOut[id] = nil }
            return Ranking(candidates: ids, leftOut: leftOut)
        }
        scored.sort { $0.score < $1.score }
        return Ranking(candidates: scored.map(\.id), leftOut: leftOut)
    }

    package mutating func began(_ id: OrchestratorID) {
        records[id, default: Record()].inFlight += 1
    }

    /// - Parameters:
    ///   - roundTrip: from sending to the last rendition.
    ///   - media: the segment's duration; above zero.
    package mutating func finished(_ id: OrchestratorID, roundTrip: Duration, media: Duration) {
        var record = records[id, default: Record()]
        record.inFlight = max(0, record.inFlight - 1)
        record.faultsInRow = 0
        record.ejectedUntil = nil
        let sample = roundTrip.inSeconds / max(media.inSeconds, 0.1)
        record.roundTrip = record.roundTrip.map { $0 + settings.smoothing * (sample - $0) } ?? sample
        records[id] = record
    }

    package mutating func failed(_ id: OrchestratorID, _ failure: SegmentFailure, at now: Instant) {
        var record = records[id, default: Record()]
        record.inFlight = max(0, record.inFlight - 1)
        if failure.isFault {
            record.faultsInRow += 1
            let doublings = min(record.faultsInRow - 1, 8)
            let span = min(settings.ejection * (1 << doublings), settings.longestEjection)
            record.ejectedUntil = now.advanced(by: span)
        }
        records[id] = record
    }

    /// Average round trip in seconds per second of media, where something was measured.
    package func averageRoundTrip(of id: OrchestratorID) -> Double? { records[id]?.roundTrip }
}
