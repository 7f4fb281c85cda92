import Logging
package import SluiceTypes
import Synchronization

/// One runner that is kept, and the work that its lifecycle asks for.
package final class KeptRunner: Sendable {
    /// How it stands, for people.
    package struct Standing: Sendable {
        package var order: RunnerOrder
        package var phase: RunnerLifecycle.Phase
        package var since: ContinuousClock.Instant
        package var nextStart: ContinuousClock.Instant?
        package var restarts: Int
        package var lastFault: String?
        /// How far the fetching of its image is.
        package var progress: String?
        package var place: RunnerPlace?
        package var id: RunnerID?
    }

    private typealias Event = RunnerLifecycle.Event

    private struct State {
        var life: RunnerLifecycle
        var place: RunnerPlace?
        var id: RunnerID?
        var progress: String?
        /// Before its life has begun.
        var obstacle: String?
    }

    /// Lines of its log that go to ours when it falls.
    private static let linesAtFall = 20
    private static let lastWords: Duration = .milliseconds(200)
    /// Between two looks at the clock: the bound on how late something is done.
    private static let lookInterval: Duration = .milliseconds(100)

    let order: RunnerOrder
    let log = RunnerLog()
    private let host: (any RunnerHost)?
    private let book: any RunnerService
    private let isWell: @Sendable (RunnerHealthCheck) async -> Bool
    private let logger: Logger
    private let state: Mutex<State>
    /// What has happened and is not looked at yet: looking never waits, so that it is a handful.
    private let events: AsyncStream<RunnerLifecycle.Event>
    private let inbox: AsyncStream<RunnerLifecycle.Event>.Continuation

    init(
        _ order: RunnerOrder, host: (any RunnerHost)?, book: any RunnerService, settings: RunnerLifecycle.Settings,
        isWell: @escaping @Sendable (RunnerHealthCheck) async -> Bool, logger: Logger
    ) {
        self.order = order
        self.host = host
        self.book = book
        self.isWell = isWell
        var logger = logger
        logger[metadataKey: "label"] = "\(order.facts.label)"
        self.logger = logger
        let life = RunnerLifecycle(isOurs: order.isOurs, settings: settings, at: .now, seed: .random(in: 0 ... .max))
        state = Mutex(State(life: life))
        (events, inbox) = AsyncStream.makeStream(of: RunnerLifecycle.Event.self)
    }

    var standing: Standing {
        state.withLock { state in
            let life = state.life
            return Standing(
                order: order, phase: life.phase, since: life.since, nextStart: life.nextStart, restarts: life.restarts,
                lastFault: life.lastFault ?? state.obstacle, progress: life.phase == .preparing ? state.progress : nil, place: state.place,
                id: state.id)
        }
    }

    func note(_ obstacle: String) { state.withLock { $0.obstacle = obstacle } }

    /// Until the task is cancelled; then it is ended in order, and gone when this returns.
    func run() async {
        // Of its own, and waited for: what ends a runner must not be cancelled by the end itself.
        let life = Task { await self.live() }
        await withTaskCancellationHandler {
            await life.value
        } onCancel: {
            inbox.yield(.stop)
        }
    }

    private func live() async {
        await withDiscardingTaskGroup { group in
            inbox.yield(.begin)
            // Here, where no shutdown ends it: one that does not hear that it is to end is killed by the clock.
            group.addTask { while (try? await Task.sleep(for: Self.lookInterval)) != nil { self.inbox.yield(.tick) } }
            for await event in events {
                let (actions, from, to) = state.withLock { state in
                    let from = state.life.phase
                    let actions = state.life.handle(event, at: .now)
                    return (actions, from, state.life.phase)
                }
                if from != to { changed(event, to) }
                // Of the last event its leftovers are removed below, where nothing cancels it.
                for action in actions where to != .stopped || action != .remove { perform(action, &group) }
                if to == .stopped { break }
            }
            // Health checks under way, an image that is fetched, the clock; all else is over.
            group.cancelAll()
        }
        if let place = state.withLock({ $0.place }), let host { await host.remove(place) }
        state.withLock { $0.place = nil }
    }

    private func changed(_ event: Event, _ phase: RunnerLifecycle.Phase) {
        let standing = standing
        switch phase {
        case .backingOff:
            var metadata: Logger.Metadata = ["reason": "\(standing.lastFault ?? "")"]
            if let next = standing.nextStart { metadata["again"] = "\(ContinuousClock.now.duration(to: next))" }
            if case .failed = event {} else { metadata["log"] = "\(log.lines.suffix(Self.linesAtFall).joined(separator: "\n"))" }
            logger.warning("runner is not there", metadata: metadata)
        case .healthy: logger.info("runner is well", metadata: ["url": "\(standing.place?.url ?? "")", "kind": "\(order.kind)"])
        case .unhealthy: logger.warning("runner is not well", metadata: ["url": "\(standing.place?.url ?? "")"])
        case .stopping where standing.lastFault != nil && event != .stop:
            logger.warning("runner is restarted", metadata: ["reason": "\(standing.lastFault ?? "")"])
        default: logger.debug("runner", metadata: ["phase": "\(phase.rawValue)"])
        }
    }

    private func perform(_ action: RunnerLifecycle.Action, _ group: inout DiscardingTaskGroup) {
        switch action {
        case .prepare: group.addTask { await self.prepare() }
        case .launch: group.addTask { await self.launch() }
        case .check: group.addTask { await self.check() }
        case .report(let isWell): if let id = state.withLock({ $0.id }) { book.checked(id, isWell: isWell) }
        case .lose: if let id = state.withLock({ $0.id }) { book.lost(id) }
        case .terminate: end(atOnce: false, &group)
        case .kill: end(atOnce: true, &group)
        case .remove:
            guard let host, let place = state.withLock({ $0.place }) else { return }
            state.withLock { $0.place = nil }
            group.addTask { await host.remove(place) }
        }
    }

    private func end(atOnce: Bool, _ group: inout DiscardingTaskGroup) {
        guard let host, let place = state.withLock({ $0.place }) else { return }
        group.addTask { await host.end(place, atOnce: atOnce) }
    }

    private func prepare() async {
        guard let host else { return void(inbox.yield(.prepared)) }
        do throws(RunnerFault) {
            try await host.prepare(order) { text in self.state.withLock { $0.progress = text } }
            inbox.yield(.prepared)
        } catch { inbox.yield(.failed(error.description)) }
    }

    private func launch() async {
        let place: RunnerPlace
        do throws(RunnerFault) { place = try await host?.launch(order, log: log) ?? RunnerPlace(id: "", url: order.facts.url) } catch {
            return void(inbox.yield(.failed(error.description)))
        }
        do throws(RunnerRefusal) {
            let id = try book.register([order.runner(at: place.url)]).first?.id
            state.withLock { state in
                state.place = place
                state.id = id
            }
            if place.isTakenOver { logger.info("runner is taken over", metadata: ["place": "\(place.id)", "url": "\(place.url)"]) }
            inbox.yield(.launched)
            guard let host else { return }
            let exit = await withTaskGroup(of: RunnerExit?.self) { group in
                group.addTask {
                    await host.follow(place, log: self.log)
                    return nil
                }
                group.addTask { await host.exit(of: place) }
                var found: RunnerExit?
                while found == nil, let next = await group.next() { found = next }
                // For its last lines.
                try? await Task.sleep(for: Self.lastWords)
                group.cancelAll()
                return found ?? .gone
            }
            inbox.yield(.exited(exit))
        } catch {
            await host?.end(place, atOnce: true)
            await host?.remove(place)
            inbox.yield(.failed("the registry does not take it: \(error)"))
        }
    }

    private func check() async {
        guard let place = state.withLock({ $0.place }) else { return void(inbox.yield(.checked(false))) }
        inbox.yield(.checked(await isWell(order.runner(at: place.url).health)))
    }

    private func void(_: AsyncStream<RunnerLifecycle.Event>.Continuation.YieldResult) {}
}
