import SluiceRouting

/// One segment on its way through the reference: attempts in a row, each with three clocks (specs/selection-and-reliability A8, A9).
struct ReferenceSegment {
    enum Stage {
        /// The stream is still looking for orchestrators.
        case waiting
        /// The session's token is asked for anew, in front of the segment.
        case refreshing(until: Moment)
        case uploading(since: Moment)
        case transcoding(since: Moment)
        /// - answered: seconds from the start of the request to the end of its answer.
        case downloading(since: Moment, answered: Double)
    }

    let facts: SegmentFacts
    var stage = Stage.waiting
    /// Attempts made, those that ended at the refresh of the token among them.
    var attempts = 0
    var sent = 0
    var pool = 0
    var session = 0
    /// Of the attempt under way.
    var renditions = 0

    init(_ facts: SegmentFacts) { self.facts = facts }

    /// The clock that has run out, in words.
    func timeout(at now: Moment, _ settings: ReferenceSettings) -> String? {
        let duration = facts.duration
        switch stage {
        case .waiting: return nil
        case .refreshing(let until): return now >= until ? "session refresh" : nil
        case .uploading(let since):
            if now >= since.advanced(bySeconds: settings.uploadTimeout(duration: duration)) { return "upload" }
            return now >= since.advanced(bySeconds: settings.submitTimeout(duration: duration)) ? "answer" : nil
        case .transcoding(let since):
            return now >= since.advanced(bySeconds: settings.submitTimeout(duration: duration)) ? "answer" : nil
        case .downloading(let since, _): return now >= since.advanced(bySeconds: settings.downloadTimeout) ? "download" : nil
        }
    }
}
