package import Logging
package import NIOCore
package import SluiceTypes
package import SluiceWire
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

    private struct State {
        var orchestrators: [OrchestratorID: KnownOrchestrator] = [:]
        var order: [KnownOrchestrator] = []
    }

    /// How long one that was taken from the list may still answer what it was sent.
    private static let parting: Duration = .seconds(10)

    private let state = Mutex(State())
    /// Bounded by what an operator adds.
    private let arrivals: AsyncStream<KnownOrchestrator>
    private let arrive: AsyncStream<KnownOrchestrator>.Continuation
    let clocks: Clocks
    let group: any EventLoopGroup
    private let pool: HTTPClientPool
    private let logger: Logger
    /// Who is told of changes; set up at the start.
    private let listeners = Mutex<[@Sendable (OrchestratorID) -> Void]>([])
    /// What an orchestrator of ours is told of a segment's trace; `nil` for one that is in none.
    package typealias Tracing = @Sendable (StreamID, SegmentSequence, OrchestratorID) -> TraceContext?
    private let tracing: Tracing

    /// - Parameter addresses: as a person writes them; the same one twice counts once. Throws `OrchestratorAddress.Malformed`.
    package init(
        addresses: [String], clocks: Clocks = .init(), group: any EventLoopGroup, tracing: @escaping Tracing = { _, _, _ in nil },
        logger: Logger
    ) throws {
        self.tracing = tracing
        (arrivals, arrive) = AsyncStream.makeStream(of: KnownOrchestrator.self)
        self.group = group
        self.clocks = clocks
        self.pool = HTTPClientPool(settings: clocks.connection, group: group)
        self.logger = logger
        try use(addresses)
    }

    /// Replaces the list. Who is new is asked how it is at once; who is not in it any more gets nothing, and what it was sent may still
    /// be answered for a while. Throws `OrchestratorAddress.Malformed`, and changes nothing then.
    ///
    /// - Parameter atOnce: those that go lose their connections now, so that what they have is tried elsewhere.
    package func use(_ addresses: [String], atOnce: Bool = false) throws {
        let wanted = CapabilitySet([.h264, .mpegTS, .authToken])
        let parsed = try addresses.map { try OrchestratorAddress($0) }
        let (came, went) = try state.withLock { state in
            let before = state.orchestrators
            var next = State()
            var came: [KnownOrchestrator] = []
            for address in parsed where next.orchestrators[OrchestratorID(address.description)] == nil {
                let id = OrchestratorID(address.description)
                let known: KnownOrchestrator
                if let kept = before[id] {
                    known = kept
                } else {
                    known = try KnownOrchestrator(address: address, wanted: wanted, clocks: clocks, group: group)
                    came.append(known)
                }
                next.orchestrators[id] = known
                next.order.append(known)
            }
            state = next
            return (came, before.values.filter { next.orchestrators[$0.id] == nil })
        }
        for known in went { known.depart(atOnce: atOnce) }
        for known in came {
            known.whenChanged { [weak self] id in self?.changed(id) }
            arrive.yield(known)
        }
        for known in went + came { changed(known.id) }
    }

    private func changed(_ id: OrchestratorID) {
        for tell in listeners.withLock({ $0 }) { tell(id) }
    }

    package func whenChanged(_ tell: @escaping @Sendable (OrchestratorID) -> Void) { listeners.withLock { $0.append(tell) } }

    package func entry(_ id: OrchestratorID) -> OrchestratorEntry? { known(id)?.entry }

    package var entries: [OrchestratorEntry] { known.map(\.entry) }

    func known(_ id: OrchestratorID) -> KnownOrchestrator? { state.withLock { $0.orchestrators[id] } }

    private var known: [KnownOrchestrator] { state.withLock { $0.order } }

    /// Keeps the directory, the connections and the tokens warm until it is cancelled.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            for await known in arrivals { group.addTask { await self.keep(known) } }
            group.cancelAll()
        }
        await pool.close()
    }

    /// From its arrival in the list to its departure.
    private func keep(_ known: KnownOrchestrator) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watch(known) }
            group.addTask { await self.renewSessions(of: known) }
            let isAtOnce = await known.departed()
            group.cancelAll()
            let end = ContinuousClock.now + Self.parting
            while !isAtOnce, !Task.isCancelled, known.isUsed, ContinuousClock.now < end {
                try? await Task.sleep(for: Self.partingLook)
            }
            if !Task.isCancelled { await known.endAll() }
        }
        await known.connection.close()
    }

    private static let partingLook: Duration = .milliseconds(100)

    package func send(_ job: SegmentJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        // Bounded by the job: two events a rendition and two more.
        exchange(with: orchestrator) { known, event in
            try await SegmentExchange(
                job: job, known: known, pool: self.pool, clocks: self.clocks,
                trace: known.entry.takesStreamedSegments ? self.tracing(job.segment.stream, job.segment.sequence, orchestrator) : nil,
                event: event
            ).run()
        }
    }

    package func stream(_ job: StreamedJob, to orchestrator: OrchestratorID) -> AsyncThrowingStream<SegmentEvent, any Error> {
        // Bounded by the job: each rendition has a limit of bytes.
        exchange(with: orchestrator) { known, event in
            try await StreamedExchange(
                job: job, known: known, pool: self.pool, clocks: self.clocks,
                trace: self.tracing(job.stream, job.sequence, orchestrator), event: event
            ).run()
        }
    }

    private func exchange(
        with orchestrator: OrchestratorID,
        _ run: @escaping @Sendable (KnownOrchestrator, @escaping @Sendable (SegmentEvent) -> Void) async throws -> Void
    ) -> AsyncThrowingStream<SegmentEvent, any Error> {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: SegmentEvent.self)
        guard let known = known(orchestrator) else {
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
            for known in self.known { group.addTask { await known.end(stream) } }
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
