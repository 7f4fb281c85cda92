import SluiceTypes

/// How long the next frame will last, by what the publisher says and by what it does.
struct FrameClock: Sendable {
    private static let window = 33
    /// Frames seen before they are believed.
    private static let enough = 9
    private static let shortest = MediaTime(ticks: 90)
    private static let longest = MediaTime(milliseconds: 1000)
    private static let presumed = MediaTime(ticks: 3000)

    /// As announced.
    private let declared: MediaTime?
    private var stamps: [Int64] = []

    init(frameRate: Rational?) {
        declared = frameRate.flatMap { $0.value > 0 ? MediaTime(seconds: 1 / $0.value) : nil }
    }

    /// Frames are missing before the next.
    mutating func skip() { stamps.removeAll(keepingCapacity: true) }

    mutating func note(_ dts: MediaTime) {
        if let last = stamps.last, dts.ticks <= last || dts.ticks - last > Self.longest.ticks { stamps.removeAll(keepingCapacity: true) }
        if stamps.count == Self.window { stamps.removeFirst() }
        stamps.append(dts.ticks)
    }

    /// What is announced where it is true, for stamps of whole milliseconds cannot say 1/30 s; else the mean of the last second.
    var frame: MediaTime {
        guard let first = stamps.first, let last = stamps.last, stamps.count > 1 else { return bounded(declared ?? Self.presumed) }
        let mean = MediaTime(ticks: (last - first) / Int64(stamps.count - 1))
        guard let declared else { return bounded(mean) }
        let isTrue = abs(mean.ticks - declared.ticks) * 33 <= declared.ticks
        return bounded(stamps.count < Self.enough || isTrue ? declared : mean)
    }

    private func bounded(_ time: MediaTime) -> MediaTime { min(max(time, Self.shortest), Self.longest) }
}
