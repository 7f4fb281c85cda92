package import Logging
package import NIOCore
package import SluiceTypes
import SluiceWire

/// Runs runners as containers of Docker's, or of whoever speaks its API.
///
/// Containers are known by their labels: one of the very same order that an orchestrator before this one left is taken over, with the model
/// it has loaded; others of ours are removed.
package final class ContainerHost: RunnerHost {
    /// Until a container that was started has its port.
    private static let portLooks = 50
    private static let portPause: Duration = .milliseconds(50)
    /// When the engine itself is away: it may be restarted, and the container lives.
    private static let awayPause: Duration = .seconds(1)

    private let engine: ContainerEngine
    private let owner: String
    private let address: String
    private let logger: Logger

    /// - Parameters:
    ///   - path: of the engine's Unix socket.
    ///   - owner: what tells this orchestrator from others of this engine, and is the same when it starts again.
    ///   - address: how runners reach it; told to them.
    package init(path: String, owner: String, address: String, group: any EventLoopGroup, logger: Logger) {
        engine = ContainerEngine(path: path, group: group)
        self.owner = owner
        self.address = address
        self.logger = logger
    }

    private func container(_ order: RunnerOrder) throws(RunnerFault) -> ContainerOrder {
        guard case .container(let container) = order.source else { throw RunnerFault(.other, "a process is no container") }
        return container
    }

    package func clear(keeping orders: [RunnerOrder]) async throws(RunnerFault) -> Int {
        var wanted: Set<ContainerForm.Listed> = []
        for order in orders {
            wanted.insert(
                ContainerForm.Listed(
                    id: "", isRunning: true, label: order.facts.label, order: ContainerForm.digest(of: try container(order))))
        }
        var removed = 0
        for found in try await engine.list([ContainerForm.ownerLabel: owner]) {
            var bare = found
            bare.id = ""
            // The first of its kind is taken over.
            if wanted.remove(bare) != nil { continue }
            try await engine.remove(found.id)
            removed += 1
        }
        return removed
    }

    package func prepare(_ order: RunnerOrder, told: @escaping @Sendable (String) -> Void) async throws(RunnerFault) {
        let container = try container(order)
        let isThere = container.pull == .always ? false : try await engine.hasImage(container)
        if isThere { return }
        guard container.pull != .never else {
            throw RunnerFault(.noImage, "there is no image '\(container.image)' on this machine, and pull is never")
        }
        try await engine.pull(container, told: told)
    }

    package func launch(_ order: RunnerOrder, log: RunnerLog) async throws(RunnerFault) -> RunnerPlace {
        let container = try container(order)
        let label = order.facts.label
        let digest = ContainerForm.digest(of: container)
        for found in try await engine.list([ContainerForm.ownerLabel: owner, ContainerForm.runnerLabel: label]) {
            if found.isRunning, found.order == digest, let inspected = try await engine.inspect(found.id),
                let url = ContainerForm.url(inspected)
            {
                return RunnerPlace(id: found.id, url: url, isTakenOver: true)
            }
            try await engine.remove(found.id)
        }
        let port = container.network == "host" ? try FreePort.find() : container.port
        let body = ContainerForm.create(container, label: label, owner: owner, port: port, address: address)
        let id = try await engine.create(body, name: "sluice-\(Self.plain(label))-\(RunnerKeys.name(8))", order: container)
        do throws(RunnerFault) {
            try await engine.start(id, order: container)
            return RunnerPlace(id: id, url: try await url(id))
        } catch {
            do throws(RunnerFault) { try await engine.remove(id) } catch { note("not removed", id, error) }
            throw error
        }
    }

    /// What may stand in a container's name.
    private static func plain(_ label: String) -> String {
        String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) ? $0 : "-" }.prefix(100))
    }

    private func url(_ id: String) async throws(RunnerFault) -> String {
        for _ in 0..<Self.portLooks {
            guard let inspected = try await engine.inspect(id) else {
                throw RunnerFault(.other, "the container is gone as soon as it was started")
            }
            if let url = ContainerForm.url(inspected) { return url }
            // One that ended has no ports; why it did is found out by waiting for it.
            if ContainerForm.exit(inspected) != nil { return "http://127.0.0.1:9" }
            try? await Task.sleep(for: Self.portPause)
        }
        throw RunnerFault(.other, "the container engine has mapped no port to this machine")
    }

    package func follow(_ place: RunnerPlace, log: RunnerLog) async {
        do { try await engine.follow(place.id, into: log) } catch { log.note("what it writes cannot be read any more: \(error)") }
    }

    package func exit(of place: RunnerPlace) async -> RunnerExit {
        while true {
            do throws(RunnerFault) {
                try await engine.wait(place.id)
                guard let inspected = try await engine.inspect(place.id) else { return .gone }
                if let exit = ContainerForm.exit(inspected) { return exit }
            } catch { note("cannot be waited for", place.id, error) }
            try? await Task.sleep(for: Self.awayPause)
            if Task.isCancelled { return .gone }
        }
    }

    package func end(_ place: RunnerPlace, atOnce: Bool) async {
        do throws(RunnerFault) { try await engine.kill(place.id, signal: atOnce ? "SIGKILL" : "SIGTERM") } catch {
            note("not ended", place.id, error)
        }
    }

    package func remove(_ place: RunnerPlace) async {
        do throws(RunnerFault) { try await engine.remove(place.id) } catch { note("not removed", place.id, error) }
    }

    private func note(_ what: String, _ id: String, _ fault: RunnerFault) {
        logger.warning("container \(what)", metadata: ["container": "\(id.prefix(12))", "reason": "\(fault)"])
    }
}
