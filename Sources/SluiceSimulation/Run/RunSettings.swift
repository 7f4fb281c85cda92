/// What counts as too late, and how much of a run is kept for reports. Not part of the world: two runs that differ only here meet
/// the same segments.
package struct RunSettings: Hashable, Sendable {
    /// A segment misses its deadline when its last rendition comes later after the cut than this many of its durations.
    package var playoutBudget: Double
    /// It is lost when it comes later than this many of its durations, but not before `lostFloor` seconds.
    package var lostAfter: Double
    package var lostFloor: Double
    /// Seconds that segments still under way when the last one is cut are waited for.
    package var drain: Double
    /// Points of the finish-time curve.
    package var curvePoints: Int
    /// How many streams, and of each how many segments from its first on, get a timeline.
    package var timelineStreams: Int
    package var timelineSegments: Int
    /// Spans into which the run is cut for load over time.
    package var loadSpans: Int

    package init(
        playoutBudget: Double = 1.5, lostAfter: Double = 4, lostFloor: Double = 8, drain: Double = 60, curvePoints: Int = 200,
        timelineStreams: Int = 20, timelineSegments: Int = 600, loadSpans: Int = 60
    ) {
        self.playoutBudget = playoutBudget
        self.lostAfter = lostAfter
        self.lostFloor = lostFloor
        self.drain = drain
        self.curvePoints = curvePoints
        self.timelineStreams = timelineStreams
        self.timelineSegments = timelineSegments
        self.loadSpans = loadSpans
    }

    /// Seconds after the cut beyond which a segment of this duration is lost.
    package func lostAfter(duration: Double) -> Double { max(lostFloor, lostAfter * duration) }
}
