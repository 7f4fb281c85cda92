package import SluiceTypes

/// What a container engine is told, and tells (Docker Engine API 1.40 to 1.47, which Podman speaks too).
package enum ContainerForm {
    /// Labels of our containers.
    package static let ownerLabel = "sluice.owner"
    package static let runnerLabel = "sluice.runner"
    /// What the container was made from: another order needs another container.
    package static let orderLabel = "sluice.order"
    package static let portLabel = "sluice.port"
    /// Processes in a container; a runaway one must not take all of the machine's.
    private static let mostProcesses = 4096
    /// Of its log on disk, which we read as it is written.
    private static let largestLog = "10m"

    /// The engine's version is met where it can be: newer ones drop the oldest versions, older ones do not know the newest.
    ///
    /// - Parameter json: the answer to `GET /version`.
    package static func version(_ json: JSONTree) -> String {
        let preferred = "1.44"
        func isLess(_ one: String, _ other: String) -> Bool {
            let (one, other) = (numbers(one), numbers(other))
            return one.lexicographicallyPrecedes(other)
        }
        if let most = json["ApiVersion"]?.string, isLess(most, preferred) { return most }
        if let least = json["MinAPIVersion"]?.string, isLess(preferred, least) { return least }
        return preferred
    }

    /// - Parameter json: the answer to `GET /version`.
    package static func isPodman(_ json: JSONTree) -> Bool {
        json["Components"]?.elements?.contains { $0["Name"]?.string?.hasPrefix("Podman") == true } ?? false
    }

    private static func numbers(_ version: String) -> [Int] { version.split(separator: ".").map { Int($0) ?? 0 } }

    /// The body of `POST /containers/create`.
    ///
    /// - Parameters:
    ///   - port: where it listens, inside.
    ///   - address: how runners reach the orchestrator.
    package static func create(
        _ order: ContainerOrder, label: String, owner: String, port: Int, address: String
    ) -> JSONTree {
        func fill(_ text: String) -> JSONTree { .text(text.replacing("{port}", with: "\(port)")) }
        var environment = order.environment
        environment[order.portVariable] = "\(port)"
        environment["SLUICE_ORCHESTRATOR"] = address
        environment["SLUICE_RUNNER"] = label
        let name = "\(port)/tcp"
        // On the host's network nothing is mapped, and it listens where it listens.
        let isMapped = order.network != "host"
        return .members([
            "Image": .text(order.image),
            "Cmd": order.arguments.map { .list($0.map(fill)) },
            "Entrypoint": order.entrypoint.map { .list($0.map(fill)) },
            "Env": .list(environment.sorted { $0.key < $1.key }.map { .text("\($0.key)=\($0.value)") }),
            "User": order.user.map { .text($0) },
            "Labels": .members([
                ownerLabel: .text(owner), runnerLabel: .text(label), orderLabel: .text(digest(of: order)), portLabel: .text("\(port)"),
            ]),
            "ExposedPorts": isMapped ? .object([.init(name, .object([]))]) : nil,
            "HostConfig": .members([
                "NetworkMode": .text(order.network),
                "PortBindings": isMapped
                    ? .object([.init(name, .list([.members(["HostIp": "127.0.0.1", "HostPort": ""])]))]) : nil,
                "Memory": order.memory.map { .int($0) },
                // As much: no swap, where a model that is too large would crawl.
                "MemorySwap": order.memory.map { .int($0) },
                "NanoCpus": order.cpus.map { .int(Int($0 * 1e9)) },
                "ShmSize": order.sharedMemory.map { .int($0) },
                "PidsLimit": .int(mostProcesses),
                "ReadonlyRootfs": .bool(order.isReadOnly),
                "Tmpfs": order.tmpfs.isEmpty ? nil : .object(order.tmpfs.map { .init($0, "rw,nosuid,nodev") }),
                "Binds": order.volumes.isEmpty ? nil : .list(order.volumes.map { .text($0) }),
                "CapDrop": .list(["ALL"]),
                "SecurityOpt": .list(["no-new-privileges"]),
                "DeviceRequests": deviceRequest(order.gpus).map { .list([$0]) },
                "LogConfig": .members(["Type": "json-file", "Config": .members(["max-size": .text(largestLog), "max-file": "1"])]),
                // We do that.
                "RestartPolicy": .members(["Name": "no"]),
            ]),
        ])
    }

    private static func deviceRequest(_ gpus: ContainerOrder.GPUs) -> JSONTree? {
        let capabilities = JSONTree.list([.list(["gpu"])])
        return switch gpus {
        case .none: nil
        case .all: .members(["Driver": "", "Count": .int(-1), "Capabilities": capabilities])
        case .count(let count): .members(["Driver": "", "Count": .int(count), "Capabilities": capabilities])
        case .devices(let names): .members(["Driver": "", "DeviceIDs": .list(names.map { .text($0) }), "Capabilities": capabilities])
        }
    }

    /// The same for the same order, also in another process (FNV-1a): it has to differ between orders, not withstand anybody.
    package static func digest(of order: ContainerOrder) -> String {
        var plain = order
        plain.environment = [:]
        let environment = order.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(plain)\(environment)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    /// One of `GET /containers/json`.
    package struct Listed: Hashable, Sendable {
        package var id: String
        package var isRunning: Bool
        package var label: String
        package var order: String

        package init(id: String, isRunning: Bool, label: String, order: String) {
            self.id = id
            self.isRunning = isRunning
            self.label = label
            self.order = order
        }
    }

    package static func listed(_ json: JSONTree) -> [Listed] {
        (json.elements ?? []).compactMap { entry in
            guard let id = entry["Id"]?.string else { return nil }
            let labels = entry["Labels"]
            return Listed(
                id: id, isRunning: entry["State"]?.string == "running", label: labels?[runnerLabel]?.string ?? "",
                order: labels?[orderLabel]?.string ?? "")
        }
    }

    /// Where it is reached from this machine, of `GET /containers/{id}/json`; `nil` while that is not known.
    package static func url(_ json: JSONTree) -> String? {
        guard let inside = json["Config"]?["Labels"]?[portLabel]?.string else { return nil }
        if json["HostConfig"]?["NetworkMode"]?.string == "host" { return "http://127.0.0.1:\(inside)" }
        guard let port = json["NetworkSettings"]?["Ports"]?["\(inside)/tcp"]?.elements?.first?["HostPort"]?.string, Int(port) ?? 0 > 0
        else {
            return nil
        }
        return "http://127.0.0.1:\(port)"
    }

    /// - Returns: `nil` for one that runs.
    package static func exit(_ json: JSONTree) -> RunnerExit? {
        guard let state = json["State"], state["Running"]?.boolean == false else { return nil }
        if state["OOMKilled"]?.boolean == true { return .outOfMemory }
        let code = state["ExitCode"]?.integer ?? 0
        // As a shell: 128 and the signal.
        return code > 128 && code < 160 ? .signal(code - 128) : .code(code)
    }

    /// What went wrong, in the engine's words and ours.
    ///
    /// - Parameter doing: such as "starting the container".
    package static func fault(_ status: Int, _ body: JSONTree?, doing: String, _ order: ContainerOrder?) -> RunnerFault {
        let said = words(status, body)
        let small = said.lowercased()
        func has(_ words: String...) -> Bool { words.contains { small.contains($0) } }
        if has("could not select device driver", "nvidia-container", "no nvidia", "unresolvable cdi") {
            return RunnerFault(
                .noGPU, "the engine has no GPU to give: '\(said)'. The NVIDIA container toolkit brings it, or leave gpus out")
        }
        if has("port is already allocated", "address already in use") {
            return RunnerFault(.portTaken, "its port is taken: '\(said)'")
        }
        if has("no such image") { return RunnerFault(.noImage, "there is no image '\(order?.image ?? "")': '\(said)'") }
        return RunnerFault(.other, "\(doing): \(status) '\(said)'")
    }

    private static func words(_ status: Int, _ body: JSONTree?) -> String {
        body?["message"]?.string ?? body?["cause"]?.string ?? "status \(status)"
    }

    /// Of a pull.
    ///
    /// - Parameter login: what the registry was asked with.
    package static func refusedPull(_ status: Int, _ body: JSONTree?, _ order: ContainerOrder, _ login: RegistryLogin?) -> RunnerFault {
        let said = words(status, body)
        let small = said.lowercased()
        func has(_ words: String...) -> Bool { words.contains { small.contains($0) } }
        if has("denied", "unauthorized", "authentication required", "no basic auth credentials") {
            let asked =
                login.map { "It was asked as '\($0.name)'" }
                ?? "It was asked without a login: runners.registries has none for \(RegistryLogin.registry(of: order.image))"
            return RunnerFault(
                .pullDenied, "the registry does not give the image '\(order.image)' to this machine: '\(said)'. \(asked)")
        }
        if status == 404 || has("manifest unknown", "name unknown", "not found", "no such image") {
            return RunnerFault(.noImage, "there is no image '\(order.image)': '\(said)'")
        }
        return fault(status, body, doing: "fetching the image", order)
    }
}
