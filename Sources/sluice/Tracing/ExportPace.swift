/// When a collector that does not answer is tried again. Pure: the caller passes the time in.
struct ExportPace<Instant: InstantProtocol> where Instant.Duration == Duration {
    static var firstPause: Duration { .seconds(1) }
    static var longestPause: Duration { .seconds(30) }

    /// `nil` while the collector answers.
    private var down: (next: Instant, pause: Duration)?

    var isDown: Bool { down != nil }

    func mayTry(at now: Instant) -> Bool { down.map { $0.next <= now } ?? true }

    /// - Returns: whether it was down before.
    mutating func succeeded() -> Bool {
        defer { down = nil }
        return down != nil
    }

    /// - Returns: whether it was well before.
    mutating func failed(at now: Instant) -> Bool {
        let pause = down.map { min($0.pause * 2, Self.longestPause) } ?? Self.firstPause
        defer { down = (now.advanced(by: pause), pause) }
        return down == nil
    }
}
