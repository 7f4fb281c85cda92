import SluiceTypes

/// Whose pictures viewers get: of a worker, of the next one from the picture on where it takes over, or of what fills the time between.
///
/// Pure: time comes in. Lines are numbered by the caller; pictures come in the order of decoding.
struct OutputMix {
    typealias Instant = ContinuousClock.Instant

    enum OnAir: Hashable {
        case nobody
        case worker(Int)
        /// The time between workers is filled.
        case filler
    }

    enum Verdict: Hashable {
        case pass
        /// Not shown; it may be needed for one that is.
        case keep
        /// This line is on air now, with its first picture after `last`.
        case takeOver
    }

    /// How long the next worker's pictures may stay behind what was shown, before the one on air is let go so that they come in
    /// front: at most so long it is waited for two that are equally fast.
    static let patience: Duration = .seconds(1)
    /// As long for a worker behind a filled time, which goes at the pace of the last one.
    static let fillPatience: Duration = .milliseconds(500)
    /// Two pictures follow each other without one missing when they are no farther apart than at 10 frames a second.
    private static let step = MediaTime(milliseconds: 100)

    private(set) var onAir = OnAir.nobody
    /// Of the pictures shown: nothing up to it is shown again.
    private(set) var last: MediaTime?
    /// Who is to take over from one that still delivers.
    private var next: Int?
    /// Nobody waits for a seamless place any more.
    private var isUrgent = false
    private var behindSince: Instant?
    /// The filled time has come to a stop, so that a slower worker can catch up.
    private(set) var isFillHalted = false

    /// The next worker is to take over; at once where the one on air has failed.
    mutating func arm(_ line: Int, isUrgent: Bool) {
        if next != line { behindSince = nil }
        next = line
        self.isUrgent = isUrgent
    }

    /// The worker on air delivers nothing: the time may be filled until one does.
    ///
    /// - Returns: `false` where nothing was shown yet that the filling could go on from.
    mutating func fill() -> Bool {
        guard last != nil else { return false }
        onAir = .filler
        isFillHalted = false
        behindSince = nil
        return true
    }

    /// The worker on air is gone, and nothing fills its place.
    mutating func vacate(_ line: Int) {
        if onAir == .worker(line) { onAir = .nobody }
        if next == line { next = nil }
    }

    /// A picture of the filling was shown.
    mutating func filled(to time: MediaTime) { last = Swift.max(last ?? time, time) }

    /// - Parameters:
    ///   - start: of the pictures that can be decoded, the line's first; `nil` where none can.
    mutating func picture(of line: Int, at pts: MediaTime, from start: MediaTime?, now: Instant) -> Verdict {
        if onAir == .worker(line) {
            last = Swift.max(last ?? pts, pts)
            return .pass
        }
        guard let start, mayTakeOver(line) else { return .keep }
        guard let last else { return takeOver(line, pts) }
        if pts > last {
            // From where the one on air is to where this one begins nothing may be missing, as long as it delivers.
            guard case .worker = onAir, !isUrgent, start > last + Self.step else { return takeOver(line, pts) }
            return .keep
        }
        let since = behindSince ?? now
        behindSince = since
        switch onAir {
        case .worker where since.duration(to: now) >= Self.patience: onAir = .nobody
        case .filler where since.duration(to: now) >= Self.fillPatience: isFillHalted = true
        default: break
        }
        return .keep
    }

    private func mayTakeOver(_ line: Int) -> Bool {
        switch onAir {
        // Where nobody is, whoever has a picture is welcome.
        case .nobody, .filler: true
        case .worker: next == line
        }
    }

    private mutating func takeOver(_ line: Int, _ pts: MediaTime) -> Verdict {
        onAir = .worker(line)
        last = Swift.max(last ?? pts, pts)
        if next == line { next = nil }
        isUrgent = false
        behindSince = nil
        isFillHalted = false
        return .takeOver
    }
}
