import SluiceTypes

/// The two times an orchestrator's door needs; tests bring their own.
package struct ServerClock: Sendable {
    /// For the expiry of tokens, which other machines read.
    package var unixSeconds: @Sendable () -> Int64
    /// For idle times, which no clock adjustment may stretch.
    package var instant: @Sendable () -> ContinuousClock.Instant

    package init(
        unixSeconds: @escaping @Sendable () -> Int64 = { wallClockNanoseconds() / 1_000_000_000 },
        instant: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.unixSeconds = unixSeconds
        self.instant = instant
    }
}
