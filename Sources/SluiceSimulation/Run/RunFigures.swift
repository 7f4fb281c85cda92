/// What one run, or the runs of several seeds together, came to.
package struct RunFigures: Hashable, Sendable {
    /// Segments cut.
    package var segments = 0
    /// Segments whose last rendition came after the deadline (cut + playout budget) or never.
    package var misses = 0
    /// Segments that were given up, or came after `lostAfter`.
    package var lost = 0
    /// Milliseconds from the cut to the last rendition. A lost segment counts with the time after which it is called lost, or at which
    /// it was given up if that was later: to give up at once is not to finish soon.
    package var p50Ms = 0.0
    package var p95Ms = 0.0
    package var p99Ms = 0.0
    /// Two segments in a row of one stream, served by different orchestrators.
    package var swaps = 0
    /// Mean over faults of the time from the beginning of the fault to the end of the last segment that missed its deadline before
    /// the next fault; 0 where none missed.
    package var recoveryMs = 0.0
    /// Attempts beyond one for each segment, as a share of the segments.
    package var extraWork = 0.0
    /// Wei: pixels of every attempt that an orchestrator worked on, aborted ones too, times its price then.
    package var cost = 0.0
    /// Segments served by the busiest orchestrator, against the mean of all.
    package var busiestShare = 0.0
    /// Segments served, by orchestrator name.
    package var load: [String: Int] = [:]

    package init() {}
}
