import SluiceTypes

/// Runs `body` for at most `limit`; past it the body is cancelled and `SegmentFailure.timedOut` thrown.
func within<Result: Sendable>(
    _ limit: Duration, of what: String, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await within(limit, orThrow: SegmentFailure(.timedOut, "\(what): no end within \(limit)"), body)
}

/// The same with an error of the caller's.
package func within<Result: Sendable>(
    _ limit: Duration, orThrow error: @escaping @Sendable @autoclosure () -> any Error,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw error()
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}
