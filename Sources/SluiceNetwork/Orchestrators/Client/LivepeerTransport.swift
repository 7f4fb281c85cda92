package import Logging
package import NIOCore
package import SluiceTypes
import SluiceWire
import Synchronization

/// Livepeer's protocol from the gateway's side: who is there, and a segment's way to them and back (specs/transcoding-protocol).
package final class LivepeerTransport: SegmentTransport, OrchestratorDirectory {
    package struct Clocks: Sendable {
        /// Floors of the clocks (§3.5): upload until the early 200, the whole call, one rendition's download. The reference gives an
        /// upload 2 s; here routing goes elsewhere long before that, and where all are slow at once, breaking off makes it worse.
        package var header: Duration = .seconds(8)
        package var call: Duration = .seconds(8)
        package var download: Duration = .seconds(4)
        /// A call for a token, or to end a session; the reference's for a session refresh (§8).
        package var answer: Duration = .milliseconds(2500)
        /// How often an orchestrator that is well is asked how it is; it also keeps a spare token at hand.
        package var refresh: Duration = .seconds(10)
        /// One that is not well is asked again after this, and after twice as long each time, up to the longest.
        package var firstRetry: Duration = .milliseconds(500)
        package var longestRetry: Duration = .seconds(5)
        /// How often sessions are looked over for old tokens; short against their life of half an hour.
        package var renewal: Duration = .seconds(30)
        package var connection = HTTPClientConnection.Settings()

        package init() {}
    }

    /// Orchestrators that others list, beyond the settings' own: each costs a connection and a call every ten seconds.
    package static let mostListed = 2000

    private struct Known: Sendable {
        var byID: [OrchestratorID: KnownOrchestrator] = [:]
        var order: [KnownOrchestrator] = []
        /// Those in the directory now. Who is not listed any more keeps the streams it has.
        var listed: Set<OrchestratorID> = []
    }

    private let known = Mutex(Known())
    private let configured: Set<OrchestratorID>
    private let arrivals: AsyncStream<KnownOrchestrator>
    private let arrive: AsyncStream<KnownOrchestrator>.Continuation
    private let wanted = CapabilitySet([.h264, .mpegTS, .authToken])
    private let group: any EventLoopGroup
    private let clocks: Clocks
    private let pool: HTTPClientPool
    private let logger: Logger

    /// - Parameter addresses: as a person writes them; the same one twice counts once. Throws `OrchestratorAddress.Malformed`.
    package init(
        addresses: [String], clocks: Clocks = .init(), group: any EventLoopGroup, logger: Logger
    ) throws {
        let places = try addresses.map { try OrchestratorAddress($0) }
        configured = Set(places.map { OrchestratorID($0.description) })
        // Bounded by `mostListed` and the settings.
        (arrivals, arrive) = AsyncStream.makeStream()
        self.group = group
        self.clocks = clocks
        self.pool = HTTPClientPool(settings: clocks.connection, group: group)
        self.logger = logger
        for place in places { try take(place) }
    }

    /// Those of the settings, and who is listed now, in the order in which they came.
    package var entries: [OrchestratorEntry] {
        known.withLock { known in known.order.filter { known.listed.contains($0.id) } }.map(\.entry)
    }

    /// Who is listed by others now, beside those of the settings.
    ///
    /// - Returns: how many are beyond `mostListed` and left out.
    package func list(_ others: [OrchestratorID]) -> Int {
        var left = 0
        var listed = configured
        for id in others where !listed.contains(id) {
            let isKnown = known.withLock { $0.byID[id] != nil }
            guard isKnown || known.withLock({ $0.order.count }) < configured.count + Self.mostListed else {
                left += 1
                continue
            }
            do {
                if !isKnown { try take(OrchestratorAddress(id.rawValue)) }
                listed.insert(id)
            } catch { logger.warning("listed orchestrator", metadata: ["orchestrator": "\(id)", "reason": "\(error)"]) }
        }
        known.withLock { $0.listed = listed }
        return left
    }

    private func take(_ place: OrchestratorAddress) throws {
        let one = try KnownOrchestrator(address: place, wanted: wanted, clocks: clocks, group: group)
        let isNew = known.withLock { known in
            known.listed.insert(one.id)
            guard known.byID[one.id] == nil else { return false }
            known.byID[one.id] = one
            known.order.append(one)
            return true
        }
        if isNew { arrive.yield(one) }
    }

    /// Keeps the directory, the connections and the tokens warm until it is cancelled.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            for await known in arrivals {
                group.addTask { await self.watch(known) }
                group.addTask { await self.renewSessions(of: known) }
            }
        }
        for known in known.withLock({ $0.order }) { await known.connection.close() }
        await pool.close()
    }

    package func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        // Bounded by the job: two events a rendition and two more.
        exchange(with: orchestrator) { known, event in
            try await SegmentExchange(job: job, known: known, pool: self.pool, clocks: self.clocks, event: event).run()
        }
    }

    package func stream(_ job: StreamedJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        // Bounded by the job: each rendition has a limit of bytes.
        exchange(with: orchestrator) { known, event in
            try await StreamedExchange(job: job, known: known, pool: self.pool, clocks: self.clocks, event: event).run()
        }
    }

    private func exchange(
        with orchestrator: OrchestratorID,
        _ run: @escaping @Sendable (KnownOrchestrator, @escaping @Sendable (SegmentEvent) -> Void) async throws -> Void
    ) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: SegmentEvent.self)
        guard let known = known.withLock({ $0.byID[orchestrator] }) else {
            continuation.finish(throwing: SegmentFailure(.unreachable, "\(orchestrator) is not in the list"))
            return events
        }
        // Owned by the sequence: when nobody iterates any more, the exchange is cancelled.
        let task = Task {
            do {
                try await run(known) { continuation.yield($0) }
                continuation.finish()
            } catch let failure as SegmentFailure {
                continuation.finish(throwing: failure)
            } catch is CancellationError {
                continuation.finish(throwing: SegmentFailure(.cancelled, "the exchange was cancelled"))
            } catch HTTPClientError.brokenOff(_, let reason) {
                // It can be reached: it is the answer that is at fault.
                continuation.finish(throwing: SegmentFailure(.protocolViolation, "\(orchestrator) broke its answer off: \(reason)"))
            } catch {
                continuation.finish(throwing: SegmentFailure(.unreachable, "\(orchestrator): \(error)"))
            }
        }
        continuation.onTermination = { _ in task.cancel() }
        return events
    }

    package func end(_ stream: StreamID) async {
        await withDiscardingTaskGroup { group in
            for known in known.withLock({ $0.order }) { group.addTask { await known.end(stream) } }
        }
    }

    private func renewSessions(of known: KnownOrchestrator) async {
        while true {
            do { try await Task.sleep(for: clocks.renewal) } catch { return }
            for problem in await known.renewSessions() {
                logger.info("session not renewed", metadata: ["orchestrator": "\(known.id)", "error": "\(problem)"])
            }
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
