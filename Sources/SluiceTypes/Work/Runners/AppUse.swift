/// What a client of this gateway had of somebody's runner, once it is over, or for as long as it has been since it was told last.
package struct AppUse: Hashable, Sendable {
    package var runner: RemoteRunner
    /// Whole seconds, begun ones counted whole (specs/byoc §3); 0 where the price is for the job.
    package var seconds: Int64
    /// Jobs that came to their end: a request, or a reservation at its beginning.
    package var jobs: Int64

    package init(runner: RemoteRunner, seconds: Int64, jobs: Int64) {
        self.runner = runner
        self.seconds = seconds
        self.jobs = jobs
    }
}

/// Seconds as they are owed: begun ones whole, each told once however often it is asked.
package struct OwedSeconds: Hashable, Sendable {
    private var told: Int64 = 0

    package init() {}

    /// - Parameter elapsed: seconds since the beginning.
    package mutating func due(after elapsed: Double) -> Int64 {
        let whole = Int64(max(0, elapsed).rounded(.up))
        defer { told = max(told, whole) }
        return max(0, whole - told)
    }
}
