package import SluiceTypes

/// How long the parts of a stream are meant to be, and at most (`PART-TARGET`): one value for the life of a playlist.
///
/// A part holds whole frames and at least 85 % of the target, save the last of a segment. Not every target has room for that at
/// every frame rate: 200 ms are 4.8 frames at 24 a second. So the target is the shortest, from the wished-for length on, that suits
/// the usual rates, and the publisher's.
package struct PartTarget: Hashable, Sendable {
    package let limit: MediaTime

    /// What part of the target every part but the last of a segment reaches.
    package static let share = 0.85
    /// Stamps in whole milliseconds make frames that much longer or shorter.
    static let jitter = MediaTime(ticks: 90)
    private static let usualRates: [Double] = [
        24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60, 44_100 / 1024, 48_000 / 1024,
    ]

    /// - Parameters:
    ///   - aim: the wished-for length.
    ///   - frame: how long the publisher's frames are, if that is known.
    package init(aim: Duration, frame: MediaTime? = nil) {
        let shortest = Int64((aim.inMilliseconds).rounded(.up))
        let usual = Self.usualRates.map { 1 / $0 }
        let own = frame.map { [$0.seconds] } ?? []
        let candidates = shortest...(2 * shortest)
        let found =
            candidates.first { Self.suits($0, usual + own) }
            ?? candidates.first { Self.suits($0, own.isEmpty ? [1.0 / 30] : own) }
        // Frames longer than any part: each is a part then.
        let fallback = max(shortest, Int64(((frame?.seconds ?? 0) * 1000).rounded(.up)) + 1)
        limit = MediaTime(milliseconds: found ?? fallback)
    }

    private static func suits(_ milliseconds: Int64, _ frames: [Double]) -> Bool {
        let target = Double(milliseconds) / 1000
        return frames.allSatisfy { frame in
            let whole = ((target + 1e-9) / frame).rounded(.down) * frame
            return whole > 0 && whole - 0.001 >= target * share
        }
    }
}
