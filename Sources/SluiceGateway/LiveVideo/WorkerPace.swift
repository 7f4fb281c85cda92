import SluiceTypes

/// How a worker usually delivers, and whether what it does now is out of the usual.
///
/// Pure: time comes in.
struct WorkerPace {
    typealias Instant = ContinuousClock.Instant

    /// Of what was usual a twentieth is forgotten with each second, so that one pause does not count for ever.
    private static let forgetting = 0.95
    /// Before anything is usual: a worker begins with a burst, and may pause behind it.
    private static let fewest = 30
    private static let beginning: Duration = .seconds(3)
    /// Silence is odd from twice the longest usual one on, and a little: 300 ms for a worker that delivers at 24 frames a second.
    private static let factor = 2.0
    private static let allowance: Duration = .milliseconds(200)
    private static let shortest: Duration = .milliseconds(300)
    /// Behind the least that is usual for this worker.
    private static let largestLag = MediaTime(milliseconds: 1000)
    /// It must stay there for so long.
    private static let lagTime: Duration = .seconds(1)

    private var pictures = 0
    private var firstPicture: Instant?
    private var lastPicture: Instant?
    /// When the first of what is unanswered went in.
    private var unanswered: Instant?
    /// Seconds: the longest usual silence with something to do.
    private var longest = 0.0
    private var leastLag: MediaTime?
    private var slowSince: Instant?

    mutating func input(at now: Instant) {
        if unanswered == nil { unanswered = now }
    }

    /// - Parameter lag: of the newest source picture before this one; `nil` where it is not known.
    mutating func picture(lag: MediaTime?, at now: Instant) {
        if let silence = silence(at: now), pictures > 0 {
            let passed = lastPicture.map { $0.duration(to: now).inSeconds } ?? 0
            let kept = longest * Self.power(passed)
            longest = max(kept, silence.inSeconds)
        }
        pictures += 1
        firstPicture = firstPicture ?? now
        lastPicture = now
        unanswered = nil
        guard let lag, isKnown else { return }
        let least = min(leastLag ?? lag, lag)
        leastLag = least
        if lag - least > Self.largestLag { slowSince = slowSince ?? now } else { slowSince = nil }
    }

    private static func power(_ seconds: Double) -> Double {
        var result = 1.0
        var left = seconds
        while left >= 1 {
            result *= forgetting
            left -= 1
            if result < 1e-6 { return 0 }
        }
        return result * (1 - (1 - forgetting) * left)
    }

    /// Since when something is unanswered, or since the last picture; `nil` where there is nothing to answer.
    func silence(at now: Instant) -> Duration? {
        guard let unanswered else { return nil }
        return max(unanswered, lastPicture ?? unanswered).duration(to: now)
    }

    /// From which silence on it is out of the usual.
    ///
    /// - Parameter most: the bound; before enough is known it is that.
    func threshold(most: Duration) -> Duration {
        guard isKnown else { return most }
        return min(most, max(Self.shortest, .seconds(longest * Self.factor) + Self.allowance))
    }

    private var isKnown: Bool {
        guard let firstPicture, let lastPicture else { return false }
        return pictures > Self.fewest && firstPicture.duration(to: lastPicture) >= Self.beginning
    }

    /// It falls behind, though it delivers.
    func isSlow(at now: Instant) -> Bool { slowSince.map { $0.duration(to: now) >= Self.lagTime } ?? false }

    var hasShown: Bool { pictures > 0 }
    var last: Instant? { lastPicture }
}
