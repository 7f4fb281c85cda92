import SluiceTypes

/// Seconds from sending a segment to its last rendition, as one orchestrator's past has it.
struct Prediction: Sendable {
    var median: Double
    /// At the service level's percentile.
    var atPercentile: Double
    /// At the quantile after which an answer is called late.
    var late: Double
    /// For the draw: the peak that fades.
    var peak: Double
    var samples: Double

    /// With fewer samples, what is usual counts as well.
    static let enoughSamples = 4.0

    /// Nothing is known of anybody: a share of the span, about what a hardware encoder needs over the open network.
    /// Ways there and back that a segment takes, of which an information call is one: upload, early answer, fetching the renditions.
    private static let roundTrips = 3.0

    /// Somewhere between its usual and its late finish: what two orchestrators are compared by.
    var finish: Double { (median + atPercentile) / 2 }

    private static let usual = (median: 0.12, atPercentile: 0.25, late: 0.4)

    /// - Parameter typical: of all orchestrators together at this class of work, where something is known.
    init(
        _ own: WorkStatistics?, typical: WorkStatistics?, roundTrip: Double, duration: Double, percentile: Double, late lateness: Double
    ) {
        let span = WorkStatistics.span(of: duration)
        let count = own?.total.sketch.count ?? 0
        var prior = (median: Self.usual.median, atPercentile: Self.usual.atPercentile, late: Self.usual.late)
        if count < Self.enoughSamples, let typical, typical.total.sketch.count >= Self.enoughSamples {
            let known = typical.total.sketch.quantiles(0.5, percentile, lateness)
            prior = (known.0, known.1, known.2)
        }
        guard let own, count > 0 else {
            median = prior.median * span + Self.roundTrips * roundTrip
            atPercentile = prior.atPercentile * span + Self.roundTrips * roundTrip
            late = prior.late * span + Self.roundTrips * roundTrip
            peak = median
            samples = 0
            return
        }
        let seen = own.total.sketch.quantiles(0.5, percentile, lateness)
        let trust = min(1, count / Self.enoughSamples)
        median = (seen.0 * trust + prior.median * (1 - trust)) * span
        atPercentile = (seen.1 * trust + prior.atPercentile * (1 - trust)) * span
        late = (seen.2 * trust + prior.late * (1 - trust)) * span
        peak = own.total.peak.value * span
        samples = count
    }
}
