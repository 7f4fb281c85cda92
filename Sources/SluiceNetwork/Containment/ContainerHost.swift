package import Logging
package import NIOCore
package import SluiceTypes
package import SluiceWire

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
    private let login: @Sendable (String) async throws(RunnerFault) -> RegistryLogin?
    private let logger: Logger

    /// - Parameters:
    ///   - path: of the engine's Unix socket.
    ///   - owner: what tells this orchestrator from others of this engine, and is the same when it starts again.
    ///   - address: how runners reach it; told to them.
    ///   - login: for the registry of that name, if there is one; asked before each pull.
    package convenience init(
        path: String, owner: String, address: String, login: @escaping @Sendable (String) async throws(RunnerFault) -> RegistryLogin?,
        group: any EventLoopGroup, logger: Logger
    ) {
        self.init(
            engine: ContainerEngine(path: path, group: group), owner: owner, address: address, login: login, logger: logger)
    }

    init(
        engine: ContainerEngine, owner: String, address: String,
        login: @escaping @Sendable (String) async throws(RunnerFault) -> RegistryLogin?, logger: Logger
    ) {
        self.engine = engine
        self.owner = owner
        self.address = address
        self.login = login
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
        let login = try await login(RegistryLogin.registry(of: container.image))
        try await engine.pull(container, login: login, told: told)
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
        var since: Int64?
        var isBroken = false
        while !Task.isCancelled {
            do {
                guard try await engine.follow(place.id, since: since, into: log) else { return }
                isBroken = false
            } catch {
                if Task.isCancelled { return }
                if !isBroken { log.note("what it writes cannot be read at the moment: \(error)") }
                isBroken = true
            }
            // It ended, which ends this too, or the engine did, and begins again.
            since = Int64(wallClockNanoseconds() / 1_000_000_000)
            try? await Task.sleep(for: Self.awayPause)
        }
    }

    package func exit(of place: RunnerPlace, told: @escaping @Sendable (String?) -> Void) async -> RunnerExit {
        await withTaskGroup(of: RunnerExit.self) { group in
            group.addTask {
                // One request from its start to its end: nothing else is as quick to know. What goes wrong with it the other one tells.
                while !Task.isCancelled {
                    if (try? await self.engine.wait(place.id)) != nil, let exit = try? await self.look(place) { return exit }
                    try? await Task.sleep(for: Self.awayPause)
                }
                return .gone
            }
            group.addTask {
                while (try? await Task.sleep(for: self.engine.times.watch)) != nil {
                    do throws(RunnerFault) {
                        let exit = try await self.look(place)
                        told(nil)
                        if let exit { return exit }
                    } catch { if !Task.isCancelled { told(error.description) } }
                }
                return .gone
            }
            defer { group.cancelAll() }
            return await group.next() ?? .gone
        }
    }

    /// - Returns: `nil` while it runs.
    private func look(_ place: RunnerPlace) async throws(RunnerFault) -> RunnerExit? {
        guard let inspected = try await engine.inspect(place.id) else { return .gone }
        return ContainerForm.exit(inspected)
    }

    package func end(_ place: RunnerPlace, atOnce: Bool) async {
        do throws(RunnerFault) { try await engine.kill(place.id, signal: atOnce ? "SIGKILL" : "SIGTERM") } catch {
            // It has ended meanwhile: engines differ in what they say to that.
            if (try? await look(place)) != nil { return }
            note("not ended", place.id, error)
        }
    }

    package func remove(_ place: RunnerPlace) async {
        do throws(RunnerFault) { try await engine.remove(place.id) } catch { note("not removed", place.id, error) }
    }

    private func note(_ what: String, _ id: String, _ fault: RunnerFault) {
        // Nobody wants to know any more.
        if Task.isCancelled { return }
        logger.warning("container \(what)", metadata: ["container": "\(id.prefix(12))", "reason": "\(fault)"])
    }
}
