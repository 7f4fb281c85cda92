import Foundation
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Runners that are kept there for the length of a test.
struct Keeping: Sendable {
    let door: RunnerDoor
    let keeper: RunnerKeeper

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
            let keeper = RunnerKeeper(
                orders,
                hosts: RunnerKeeper.Hosts(
                    processes: ProcessHost(owner: owner, address: "http://orchestrator:8935", group: MultiThreadedEventLoopGroup.singleton),
                    containers: containers),
                book: door.book, settings: settings, isWell: { await health.isWell($0) }, logger: TestServer.quiet)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keeper.run() }
                defer { group.cancelAll() }
                try await body(Keeping(door: door, keeper: keeper))
            }
            #expect(keeper.standings.allSatisfy { $0.phase == .stopped && $0.place == nil })
            #expect(door.book.offers.isEmpty)
        }
    }

    func standing(_ label: String) throws -> KeptRunner.Standing {
        try #require(keeper.standings.first { $0.order.facts.label == label })
    }

    func until(_ label: String, _ what: Comment, _ condition: @escaping @Sendable (KeptRunner.Standing) -> Bool) async throws
        -> KeptRunner.Standing
    {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            let standing = try standing(label)
            if condition(standing) { return standing }
            try #require(ContinuousClock.now < end, "\(what): \(standing.phase), \(standing.lastFault ?? "no fault")")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func well(_ label: String) async throws -> KeptRunner.Standing { try await until(label, "it gets well") { $0.phase == .healthy } }

    /// Whether there is such a process that is no zombie.
    static func lives(_ process: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return text.split(separator: ")").last.map { !$0.hasPrefix(" Z") } ?? false
    }
}
