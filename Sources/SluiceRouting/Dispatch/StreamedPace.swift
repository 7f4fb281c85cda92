/// Whether a peer that gives a segment's renditions back while it is being cut still moves: it owes an answer from the first bytes of
/// the source on that it has not answered.
package struct StreamedPace: Sendable {
    /// How long a picture is, until enough have come to tell; and the least that is believed, as those behind come in a burst.
    private static let usualFrame = 1.0 / 30
    /// Pictures looked at.
    private static let window = 32
    private static let enough = 8
    /// Pictures that may be missing.
    private static let frames = 2.0
    /// The first picture of a segment finds nothing running: decoder, encoders, and maybe a session begin with it.
    private static let start = 0.25
    /// One that moves by fits and starts is given this much of its longest pause, up to so many seconds.
    private static let share = 2.0
    private static let mostPause = 0.5

    /// Seconds there and back; nought where it is not known.
    private let roundTrip: Double
    private var owedSince: Moment?
    private var answers: [Moment] = []
    private var longestPause = 0.0

    package init(roundTrip: Double) { self.roundTrip = roundTrip }

    /// Bytes of the source went out.
    package mutating func fed(at now: Moment) { owedSince = owedSince ?? now }

    /// A picture came back: of one rendition only, as each has the same.
    package mutating func answered(at now: Moment) {
        if let owedSince, !answers.isEmpty { longestPause = max(longestPause, min(now.seconds(since: owedSince), Self.mostPause)) }
        owedSince = nil
        if answers.count == Self.window { answers.removeFirst() }
        answers.append(now)
    }

    /// Seconds without an answer after which it stands still: two pictures, the way there and back, and the noise of a busy machine.
    package var limit: Double {
        let least = (answers.isEmpty ? Self.start : 0) + Self.frames * frame + roundTrip + AttemptClocks.shortest
        return max(least, Self.share * longestPause)
    }

    /// When it will stand still if nothing comes back; `nil` while it owes nothing.
    package var stillAt: Moment? { owedSince?.advanced(bySeconds: limit) }

    private var frame: Double {
        guard answers.count >= Self.enough, let first = answers.first, let last = answers.last else { return Self.usualFrame }
        return max(last.seconds(since: first) / Double(answers.count - 1), Self.usualFrame)
    }
}
