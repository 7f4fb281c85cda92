package import Logging
package import NIOCore
package import SluiceTypes
import SluiceWire
import Synchronization

/// Livepeer's protocol from the gateway's side: who is there, and a segment's way to them and back (specs/transcoding-protocol).
package final class LivepeerTransport: SegmentTransport, OrchestratorDirectory {
    package struct Clocks: Sendable {
        /// Floors of the reference's clocks (§3.5): upload until the early 200, the whole call, one rendition's download.
        package var header: Duration = .seconds(2)
        package var call: Duration = .seconds(8)
        package var download: Duration = .seconds(4)

        package init() {}
    }

    /// How often sessions are looked over for old tokens; short against their life of half an hour.
    private static let renewInterval: Duration = .seconds(30)

    private let orchestrators: [OrchestratorID: KnownOrchestrator]
    private let order: [KnownOrchestrator]
    private let clocks: Clocks
    private let pool: HTTPClientPool
    private let logger: Logger

    /// - Parameter addresses: as a person writes them; the same one twice counts once. Throws `OrchestratorAddress.Malformed`.
    package init(
        addresses: [String], clocks: Clocks = .init(), group: any EventLoopGroup, logger: Logger
    ) throws {
        var order: [KnownOrchestrator] = []
        let wanted = CapabilitySet([.h264, .mpegTS, .authToken])
        for text in addresses {
            let known = try KnownOrchestrator(address: OrchestratorAddress(text), wanted: wanted, group: group)
            if !order.contains(where: { $0.id == known.id }) { order.append(known) }
        }
        self.order = order
        self.orchestrators = Dictionary(uniqueKeysWithValues: order.map { ($0.id, $0) })
        self.clocks = clocks
        self.pool = HTTPClientPool(group: group)
        self.logger = logger
    }

    package var entries: [OrchestratorEntry] { order.map(\.entry) }

    /// Keeps the directory, the connections and the tokens warm until it is cancelled.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            for known in order {
                group.addTask { await self.watch(known) }
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: Self.renewInterval)
                        await known.renewSessions()
                    }
                }
            }
        }
        for known in order { await known.connection.close() }
        await pool.close()
    }

    package func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        // Bounded by the job: two events a rendition and two more.
        let (events, continuation) = AsyncThrowingStream.makeStream(of: SegmentEvent.self)
        guard let known = orchestrators[orchestrator] else {
            continuation.finish(throwing: SegmentFailure(.unreachable, "\(orchestrator) is not in the list"))
            return events
        }
        let exchange = SegmentExchange(job: job, known: known, pool: pool, clocks: clocks) { continuation.yield($0) }
        // Owned by the sequence: when nobody iterates any more, the exchange is cancelled.
        let task = Task {
            do {
                try await exchange.run()
                continuation.finish()
            } catch let failure as SegmentFailure {
                continuation.finish(throwing: failure)
            } catch is CancellationError {
                continuation.finish(throwing: SegmentFailure(.cancelled, "the exchange was cancelled"))
            } catch {
                continuation.finish(throwing: SegmentFailure(.unreachable, "\(orchestrator): \(error)"))
            }
        }
        continuation.onTermination = { _ in task.cancel() }
        return events
    }

    package func end(_ stream: StreamID) async {
        await withDiscardingTaskGroup { group in
            for known in order { group.addTask { await known.end(stream) } }
        }
    }

    private func watch(_ known: KnownOrchestrator) async {
        var wasReachable: Bool?
        while !Task.isCancelled {
            let (next, problem) = await known.refresh()
            if Task.isCancelled { return }
            if wasReachable != (problem == nil) {
                wasReachable = problem == nil
                if let problem {
                    logger.warning("orchestrator unreachable", metadata: ["orchestrator": "\(known.id)", "error": "\(problem)"])
                } else {
                    logger.info("orchestrator found", metadata: ["orchestrator": "\(known.id)", "version": "\(known.entry.version)"])
                }
            }
            try? await Task.sleep(for: next)
        }
    }
}

/// Warm connections to authorities other than the orchestrators themselves, for renditions that lie elsewhere.
final class HTTPClientPool: Sendable {
    /// Object stores and sister machines; past it the oldest name is forgotten and dialled again when needed.
    private static let mostAuthorities = 64

    private let group: any EventLoopGroup
    private let connections = Mutex<[HTTPAuthority: HTTPClientConnection]>([:])

    init(group: any EventLoopGroup) { self.group = group }

    func connection(to authority: HTTPAuthority) throws -> HTTPClientConnection {
        if let known = connections.withLock({ $0[authority] }) { return known }
        let fresh = try HTTPClientConnection(authority: authority, group: group)
        return connections.withLock { connections in
            if let known = connections[authority] { return known }
            if connections.count >= Self.mostAuthorities, let one = connections.keys.first { connections[one] = nil }
            connections[authority] = fresh
            return fresh
        }
    }

    func close() async {
        let all = connections.withLock { connections in
            defer { connections = [:] }
            return Array(connections.values)
        }
        for connection in all { await connection.close() }
    }
}
