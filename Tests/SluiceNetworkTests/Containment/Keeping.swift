import Foundation
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceNetwork

/// Runners that are kept there for the length of a test.
final class Keeping: Sendable {
    let door: RunnerDoor
    let keeper: RunnerKeeper
    /// Rings when something of a runner is another, or it has written something.
    private let bell: Bell
    private let last = Mutex<[@Sendable (RunnerKeeper) -> Void]>([])

    private init(_ door: RunnerDoor, _ keeper: RunnerKeeper, _ bell: Bell) {
        self.door = door
        self.keeper = keeper
        self.bell = bell
    }

    static func settings(stop: Duration = .seconds(10)) -> RunnerLifecycle.Settings {
        var settings = RunnerLifecycle.Settings()
        settings.healthInterval = .milliseconds(200)
        settings.startingInterval = .milliseconds(50)
        settings.firstPause = .milliseconds(100)
        settings.stopTime = stop
        return settings
    }

    static func order(_ label: String, health: String = "/", _ source: RunnerOrder.Source, url: String = "") -> RunnerOrder {
        RunnerOrder(
            facts: RunnerFacts(label: label, routesByLabel: true, url: url, app: "app/\(label)", mode: .singleShot), health: health,
            source: source)
    }

    /// - Returns: when all that were started have ended.
    static func of(
        _ orders: [RunnerOrder], owner: String = "test-\(UUID().uuidString)", containers: (any RunnerHost)? = nil,
        settings: RunnerLifecycle.Settings = settings(), _ body: @escaping @Sendable (Keeping) async throws -> Void
    ) async throws {
        try await RunnerDoor.opened { door in
            let health = RunnerHealth(door.desk)
            let bell = Bell()
            let keeper = RunnerKeeper(
                orders,
                hosts: RunnerKeeper.Hosts(
                    processes: ProcessHost(owner: owner, address: "http://orchestrator:8935", group: MultiThreadedEventLoopGroup.singleton),
                    containers: containers),
                book: door.book, settings: settings, isWell: { await health.isWell($0) }, changed: { _ in bell.ring() },
                logger: TestServer.quiet)
            let keeping = Keeping(door, keeper, bell)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keeper.run() }
                defer { group.cancelAll() }
                try await body(keeping)
            }
            for one in keeping.last.withLock({ $0 }) { one(keeper) }
            #expect(keeper.standings.allSatisfy { $0.phase == .stopped && $0.place == nil })
            #expect(door.book.offers.isEmpty)
        }
    }

    /// - Parameter body: what is looked at once all have ended.
    func atEnd(_ body: @escaping @Sendable (RunnerKeeper) -> Void) { last.withLock { $0.append(body) } }

    func standing(_ label: String) throws -> KeptRunner.Standing {
        try #require(keeper.standings.first { $0.order.facts.label == label })
    }

    func until(_ label: String, _ what: Comment, _ condition: @escaping @Sendable (KeptRunner.Standing) -> Bool) async throws
        -> KeptRunner.Standing
    {
        let found = try await bell.until(.seconds(30)) {
            let standing = try self.standing(label)
            return condition(standing) ? standing : nil
        }
        let standing = try standing(label)
        return try #require(
            found,
            "\(what): \(standing.phase), \(standing.lastFault ?? "no fault"), \(standing.obstacle ?? "no obstacle"); \(keeper.log(of: label) ?? [])"
        )
    }

    /// Waits for a line of its log.
    func logs(_ label: String, _ condition: @escaping @Sendable (String) -> Bool) async throws {
        let isThere = try await bell.until(.seconds(20)) { self.keeper.log(of: label)?.contains(where: condition) == true ? true : nil }
        try #require(isThere == true, "its log is \(keeper.log(of: label) ?? [])")
    }

    func well(_ label: String) async throws -> KeptRunner.Standing { try await until(label, "it gets well") { $0.phase == .healthy } }

    /// Whether there is such a process that is no zombie.
    static func lives(_ process: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return text.split(separator: ")").last.map { !$0.hasPrefix(" Z") } ?? false
    }
}

/// Told that something has changed, whoever waits looks again.
final class Bell: Sendable {
    private struct State {
        var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    func ring() { for one in state.withLock({ Array($0.waiting.values) }) { one.yield() } }

    /// - Returns: what `look` finds, at once or after a ring; `nil` when it finds nothing within the limit.
    func until<Found: Sendable>(_ limit: Duration, _ look: @escaping @Sendable () throws -> Found?) async throws -> Found? {
        // Rings while nobody listens come to one.
        let (rings, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let place = state.withLock { state in
            state.next += 1
            state.waiting[state.next] = continuation
            return state.next
        }
        defer { state.withLock { $0.waiting[place] = nil } }
        continuation.yield()
        do {
            return try await within(limit, of: "what is waited for") {
                for await _ in rings { if let found = try look() { return found } }
                throw CancellationError()
            }
        } catch let failure as SegmentFailure where failure.reason == .timedOut { return nil }
    }
}
