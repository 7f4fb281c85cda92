/// What fills the time between two workers.
package enum LiveVideoBetween: String, Sendable, CaseIterable {
    /// The last picture is held.
    case hold
    /// The source's own pictures.
    case raw
    /// The time is missing.
    case gap
}

/// Whose sound goes with a worker's pictures.
package enum LiveVideoSound: String, Sendable, CaseIterable {
    /// The worker's, or the source's where it has none.
    case any
    case worker, source, none

    var mayBeSource: Bool { self == .any || self == .source }
    var mayBeWorker: Bool { self == .any || self == .worker }
}
