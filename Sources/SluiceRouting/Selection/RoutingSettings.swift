/// The constants of routing. The defaults are the ones that the simulator justifies (docs/Routing.md).
package struct RoutingSettings: Hashable, Sendable {
    /// For streams that bring none of their own.
    package var serviceLevel = ServiceLevel()
    /// Seconds in which a peak is forgotten to 37 %: about five segments.
    package var averageSpan = 10.0
    /// Seconds in which a sample of the quantiles loses half its weight: long enough for a tail to be seen.
    package var sketchHalfLife = 60.0
    /// An attempt is called late when it is later than this quantile of its orchestrator's past …
    package var hedgeQuantile = 0.98
    /// … and than this many times its median …
    package var hedgeMedianFactor = 2.3
    /// … and than this share of the target. It is hedged at once where others are late too, else at the last moment that helps …
    package var hedgeTargetShare = 0.8
    /// … if such stragglers of that orchestrator have missed their deadline with at least this chance.
    package var hedgeChance = 0.8
    /// Extra attempts that may be saved up: this many, and so many for each live stream. One orchestrator's stall hits all its streams at once.
    package var hedgeBurst = 10.0
    package var hedgeBurstPerStream = 0.5
    /// Segments sent twice to learn of an orchestrator, as a share.
    package var canaryShare = 0.02
    /// Seconds after which nothing is known of an orchestrator any more.
    package var staleAfter = 30.0
    /// Sendings of one segment that an orchestrator may have worked on.
    package var attempts = 3
    /// A segment is given up this many durations after its cut, and not before `shortestPatience`.
    package var patience = 4.0
    package var shortestPatience = 8.0
    /// Seconds before an orchestrator is asked a second time for the same segment; doubles.
    package var pause = 0.2
    /// Segments of one stream at one orchestrator: it works on one at a time and refuses the fifth (specs A13).
    package var inFlightPerSession = 2
    /// Those later than the soonest by less than this share of the segment's duration are equal, and the price decides.
    package var equalShare = 0.05
    /// Who broke or stood still a while ago counts as later by this share of the duration.
    package var unrestShare = 0.02
    /// A stream stays with whom a hedge or retry brought it to, unless its own was sooner by more than so many times what counts as equal.
    package var adoptSpan = 3.0
    /// A stream that is well served moves to one that is sooner by more than this share, several segments in a row.
    package var soonerShare = 0.35
    /// Orchestrators looked at for one decision, where there are more.
    package var sample = 12
    /// Exponent of the price in the draw, in halves: at 1.5 one twice as dear is drawn 0.35 times as often.
    package var priceWeight = 1.0
    package var health = Health.Settings()

    package init() {}
}
