import SluiceTypes

/// Seconds from sending a segment to its last rendition, in a session that is warm, as one orchestrator's past has it.
struct Prediction: Sendable {
    var median: Double
    /// At the service level's percentile.
    var atPercentile: Double
    /// At the quantile after which an answer is called late.
    var late: Double
    var samples: Double

    /// With fewer samples, what is usual counts as well.
    static let enoughSamples = 4.0

    /// Ways there and back that a segment takes, of which an information call is one: upload, early answer, fetching the renditions.
    private static let roundTrips = 3.0

    /// Nothing is known of anybody: shares of the span, about what a hardware encoder needs over the open network.
    private static let usual = (median: 0.12, atPercentile: 0.25, late: 0.4)

    /// Somewhere between its usual and its late finish: what two orchestrators are compared by.
    var finish: Double { (median + atPercentile) / 2 }

    /// Whether it says enough to leave somebody for.
    var isProven: Bool { samples >= Self.enoughSamples }

    /// - Parameter typical: of all orchestrators together at this class of work, where something is known.
    init(_ own: WorkOutlook?, typical: WorkOutlook?, roundTrip: Double, duration: Double) {
        let span = WorkStatistics.span(of: duration)
        samples = own?.samples ?? 0
        if let own, samples >= Self.enoughSamples {
            (median, atPercentile, late) = (own.median * span, own.atPercentile * span, own.late * span)
            return
        }
        var prior = Self.usual
        if let typical, typical.samples >= Self.enoughSamples {
            prior = (typical.median, typical.atPercentile, typical.late)
        }
        let trust = min(1, samples / Self.enoughSamples)
        // Who was seen at all has its round trips in what was seen.
        let way = Self.roundTrips * roundTrip * (1 - trust)
        func mixed(_ seen: Double, _ usual: Double) -> Double { (seen * trust + usual * (1 - trust)) * span + way }
        median = mixed(own?.median ?? 0, prior.median)
        atPercentile = mixed(own?.atPercentile ?? 0, prior.atPercentile)
        late = mixed(own?.late ?? 0, prior.late)
    }
}
