package import SluiceTypes

/// Decides, packet by packet, where one segment ends and the next begins. Every packet lands in exactly one segment.
///
/// Cuts before the first video key frame at or after the target; without video, before the first audio packet there. Never
/// before audio while video arrives. Knows packets by their facts only: no bytes, no clock.
package struct SegmentCutter: Sendable {
    package enum Decision: Hashable, Sendable {
        case append
        /// Close the segment, open the next one with this packet.
        case cut
        /// The same, and the next one does not continue this one's timeline.
        case cutDiscontinuity
        /// The same as `cut`, although no key frame came: the next segment cannot be decoded alone.
        case cutForced
    }

    package static let targets: ClosedRange<Duration> = .milliseconds(500)...(.seconds(10))
    /// One frame at 25 fps: a 2 s group of pictures at 29.97 fps may last 1.968 s by the clock, and is meant.
    private static let tolerance = MediaTime(milliseconds: 40)
    /// How many targets long a segment may get while waiting for a key frame.
    private static let patience: Int64 = 4
    private static let jumpForward = MediaTime(milliseconds: 10_000)
    private static let jumpBack = MediaTime(milliseconds: -1_000)

    private struct Clock {
        var last: MediaTime?
        /// Where this track's time in the open segment counts from: its first packet there, or its last jump.
        var start: MediaTime?
    }

    private let target: MediaTime
    private var hasVideo: Bool
    private var video = Clock()
    private var audio = Clock()
    /// A track jumped, or its coding changed, and the cut for it waits for a video key frame.
    private var owesDiscontinuity = false

    /// - Parameter target: clamped to `targets`.
    package init(target: Duration, hasVideo: Bool) {
        let clamped = min(max(target, Self.targets.lowerBound), Self.targets.upperBound)
        self.target = MediaTime(seconds: clamped.inSeconds)
        self.hasVideo = hasVideo
    }

    /// Video was announced, maybe after audio had begun.
    package mutating func expectVideo() { hasVideo = true }

    /// The coding changes: the next cut falls on the next packet that can open a segment, and starts a discontinuity.
    package mutating func expectDiscontinuity() { owesDiscontinuity = true }

    package mutating func decide(track: Track, pts: MediaTime, dts: MediaTime, isKey: Bool) -> Decision {
        if track == .video { hasVideo = true }
        if note(track, dts) { owesDiscontinuity = true }
        let decision = decide(track: track, elapsed: dts - (start(of: track) ?? dts), isKey: isKey)
        if decision == .append {
            if start(of: track) == nil { setStart(of: track, dts) }
        } else {
            open(with: track, at: dts)
        }
        return decision
    }

    /// The caller cut by itself, before this packet, which it has already asked about and will append.
    package mutating func open(with track: Track, at dts: MediaTime) {
        owesDiscontinuity = false
        video.start = nil
        audio.start = nil
        setStart(of: track, dts)
    }

    private func decide(track: Track, elapsed: MediaTime, isKey: Bool) -> Decision {
        let opensCleanly = track == .video ? isKey : !hasVideo
        if owesDiscontinuity {
            return opensCleanly || elapsed >= limit ? .cutDiscontinuity : .append
        }
        if opensCleanly {
            let tolerance = track == .video ? Self.tolerance : .zero
            return elapsed + tolerance >= target ? .cut : .append
        }
        return elapsed >= limit ? .cutForced : .append
    }

    private var limit: MediaTime { MediaTime(ticks: target.ticks &* Self.patience) }

    /// Moves the track's clock on. A jump that only brings it back to where the other track is already counts as none.
    private mutating func note(_ track: Track, _ dts: MediaTime) -> Bool {
        let before = track == .video ? video.last : audio.last
        let other = track == .video ? audio.last : video.last
        if track == .video { video.last = dts } else { audio.last = dts }
        guard let before, Self.isJump(from: before, to: dts) else { return false }
        setStart(of: track, dts)
        guard let other else { return true }
        return Self.isJump(from: other, to: dts)
    }

    private static func isJump(from before: MediaTime, to after: MediaTime) -> Bool {
        let step = after - before
        return step > jumpForward || step < jumpBack
    }

    private func start(of track: Track) -> MediaTime? { track == .video ? video.start : audio.start }

    private mutating func setStart(of track: Track, _ time: MediaTime) {
        if track == .video { video.start = time } else { audio.start = time }
    }
}
