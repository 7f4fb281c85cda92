package import Logging
package import SluiceTypes
import Synchronization

/// Keeps the runners of the settings there: one `RunnerLifecycle` for each, and whoever does what it says.
package final class RunnerKeeper: Sendable {
    package struct Hosts: Sendable {
        package var processes: any RunnerHost
        /// `nil` where no order asks for a container.
        package var containers: (any RunnerHost)?

        package init(processes: any RunnerHost, containers: (any RunnerHost)?) {
            self.processes = processes
            self.containers = containers
        }
    }

    /// Between two attempts at what was left behind.
    private static let clearPause: Duration = .seconds(5)

    private let kept: [KeptRunner]
    private let hosts: Hosts
    private let logger: Logger

    /// - Parameters:
    ///   - isWell: one health check.
    ///   - changed: told the label when a runner's standing is another, or it has written something; it must return at once.
    package init(
        _ orders: [RunnerOrder], hosts: Hosts, book: any RunnerService, settings: RunnerLifecycle.Settings = .init(),
        isWell: @escaping @Sendable (RunnerHealthCheck) async -> Bool, changed: @escaping @Sendable (String) -> Void = { _ in },
        logger: Logger
    ) {
        self.hosts = hosts
        self.logger = logger
        kept = orders.map { order in
            let host: (any RunnerHost)? =
                switch order.source {
                case .elsewhere: nil
                case .process: hosts.processes
                case .container: hosts.containers
                }
            return KeptRunner(order, host: host, book: book, settings: settings, isWell: isWell, changed: changed, logger: logger)
        }
    }

    /// Until the task is cancelled; all that are ours have ended when it returns.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.clear(self.hosts.processes) { if case .process = $0.source { true } else { false } } }
            if let containers = hosts.containers {
                group.addTask { await self.clear(containers) { if case .container = $0.source { true } else { false } } }
            }
            for one in kept where !one.order.isOurs { group.addTask { await one.run() } }
            await group.waitForAll()
        }
        // With nobody to keep, too.
        while !Task.isCancelled { try? await Task.sleep(for: Self.clearPause) }
    }

    /// Before anything new is started, so that nothing is there twice.
    private func clear(_ host: any RunnerHost, _ isOf: @Sendable (RunnerOrder) -> Bool) async {
        let own = kept.filter { isOf($0.order) }
        while !Task.isCancelled {
            do throws(RunnerFault) {
                let removed = try await host.clear(keeping: own.map(\.order))
                for one in own { one.note(nil) }
                if removed > 0 { logger.notice("runners that were left behind are removed", metadata: ["count": "\(removed)"]) }
                break
            } catch {
                if own.isEmpty { return }
                for one in own { one.note(error.description) }
            }
            try? await Task.sleep(for: Self.clearPause)
        }
        await withDiscardingTaskGroup { group in
            for one in own { group.addTask { await one.run() } }
        }
    }

    package var standings: [KeptRunner.Standing] { kept.map(\.standing) }

    /// The last lines that a runner wrote; `nil` for a label that is not kept, or runs elsewhere.
    package func log(of label: String) -> [String]? {
        kept.first { $0.order.facts.label == label && $0.order.isOurs }?.log.lines
    }
}
