import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// What all viewers of one address saw.
final class Tally: Sendable {
    struct Figures: Sendable {
        /// Of every frame.
        var ages = AgeHistogram()
        /// Of the first and of the last frame of each part or segment; of RTMP frames there is nothing but `ages`.
        var firstAges = AgeHistogram()
        var lastAges = AgeHistogram()
        var frames = 0
        /// Frames that carried no stamp and for which none was known.
        var unstamped = 0
        var requests = 0
        var bytes = 0
        var failures = 0
        var firstFailure: String?
    }

    private struct State {
        var figures = Figures()
        var isCounting = false
    }

    private let state = Mutex(State())
    private let stamps: SourceStamps?

    /// - Parameter stamps: of the source, for frames whose own were dropped by an encoder.
    init(stamps: SourceStamps? = nil) { self.stamps = stamps }

    var figures: Figures { state.withLock { $0.figures } }

    /// What came before is forgotten: joining a stream brings old frames.
    func begin() { state.withLock { $0 = State(isCounting: true) } }
    func end() { state.withLock { $0.isCounting = false } }

    func add(_ frames: [StampedFrame], arrival: Int64) {
        let times = frames.map { $0.stamp ?? stamps?.stamp(at: $0.pts) }
        state.withLock { state in
            guard state.isCounting else { return }
            for time in times {
                state.figures.frames += 1
                if let time { state.figures.ages.add(arrival / 1000 - time) } else { state.figures.unstamped += 1 }
            }
            if let first = times.first, let first { state.figures.firstAges.add(arrival / 1000 - first) }
            if let last = times.last, let last { state.figures.lastAges.add(arrival / 1000 - last) }
        }
    }

    func countRequest(bytes: Int) {
        state.withLock { state in
            guard state.isCounting else { return }
            state.figures.requests += 1
            state.figures.bytes += bytes
        }
    }

    func countFailure(_ what: String) {
        state.withLock { state in
            state.figures.failures += 1
            state.figures.firstFailure = state.figures.firstFailure ?? what
        }
    }
}

/// When the frames of the source were stamped, by their times: for renditions, which keep the times and not the stamps.
final class SourceStamps: Sendable {
    /// A minute and more of 60 frames a second.
    private static let most = 8192
    /// The clock of MPEG-TS has 33 bits.
    private static let wrap: Int64 = 1 << 33
    /// Times rounded to milliseconds are the same within this, and frames of 240 a second are further apart.
    private static let step: Int64 = 180

    private struct State {
        var stamps: [Int64: Int64] = [:]
        var order: [Int64] = []
        var oldest = 0
    }

    private let state = Mutex(State())

    func add(_ frames: [StampedFrame]) {
        state.withLock { state in
            for frame in frames {
                guard let stamp = frame.stamp else { continue }
                let key = Self.key(frame.pts)
                if state.stamps.updateValue(stamp, forKey: key) != nil { continue }
                if state.order.count < Self.most {
                    state.order.append(key)
                } else {
                    state.stamps[state.order[state.oldest]] = nil
                    state.order[state.oldest] = key
                    state.oldest = (state.oldest + 1) % Self.most
                }
            }
        }
    }

    func stamp(at pts: Int64) -> Int64? {
        let key = Self.key(pts)
        return state.withLock { $0.stamps[key] ?? $0.stamps[key - 1] ?? $0.stamps[key + 1] }
    }

    private static func key(_ pts: Int64) -> Int64 { (pts & (wrap - 1)) / step }
}
