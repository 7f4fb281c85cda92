import ServiceLifecycle
import SluiceNetwork

/// A server of ours under the service group: serves until shutdown is asked for, then ends its connections in order.
struct ServerService: Service {
    let serve: @Sendable () async throws -> Void
    let stop: @Sendable () async -> Void

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serve() }
            group.addTask {
                try? await gracefulShutdown()
                await stop()
            }
            _ = try await group.next()
            // Either side's end is the end: stopping makes serving return, and a server that failed needs no stopping.
            try await withGraceOnceStopped(&group)
        }
    }

    private func withGraceOnceStopped(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        if !Task.isShuttingDownGracefully { group.cancelAll() }
        while try await group.next() != nil {}
    }
}
