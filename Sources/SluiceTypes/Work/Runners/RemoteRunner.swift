/// A runner of some orchestrator, as its discovery shows it.
package struct RemoteRunner: Hashable, Sendable {
    /// Where it is reserved, or asked: the path of its URL at its orchestrator, without a slash at its end.
    package var path: String
    package var orchestrator: OrchestratorID
    package var app: String
    package var version: String
    package var mode: RunnerMode
    package var gpu: RunnerGPU?
    package var price: RunnerPrice?
    package var capacity: Int
    package var available: Int

    package init(
        path: String, orchestrator: OrchestratorID, app: String, version: String = "", mode: RunnerMode, gpu: RunnerGPU? = nil,
        price: RunnerPrice? = nil, capacity: Int, available: Int
    ) {
        self.path = path
        self.orchestrator = orchestrator
        self.app = app
        self.version = version
        self.mode = mode
        self.gpu = gpu
        self.price = price
        self.capacity = capacity
        self.available = available
    }

    package var id: RemoteRunnerID { RemoteRunnerID(orchestrator: orchestrator, path: path) }
}

package struct RemoteRunnerID: Hashable, Sendable, CustomStringConvertible {
    package var orchestrator: OrchestratorID
    package var path: String

    package init(orchestrator: OrchestratorID, path: String) {
        self.orchestrator = orchestrator
        self.path = path
    }

    package var description: String { "\(orchestrator)\(path)" }
}

/// What a client wants of a runner. What is `nil` is all the same to it.
package struct AppWish: Hashable, Sendable {
    package var app: String
    package var version: String?
    /// Part of the GPU's name, in any letters.
    package var gpu: String?
    /// Mebibytes.
    package var leastMemoryMB: Int?
    /// US dollars, in whatever unit the runner has its price. Who names none passes.
    package var mostPrice: Double?
    package var mode: RunnerMode?
    /// Addresses of orchestrators; empty for all.
    package var only: [String]
    package var without: [String]

    package init(
        app: String, version: String? = nil, gpu: String? = nil, leastMemoryMB: Int? = nil, mostPrice: Double? = nil,
        mode: RunnerMode? = nil, only: [String] = [], without: [String] = []
    ) {
        self.app = app
        self.version = version
        self.gpu = gpu
        self.leastMemoryMB = leastMemoryMB
        self.mostPrice = mostPrice
        self.mode = mode
        self.only = only
        self.without = without
    }

    /// - Returns: what is missing; `nil` for one that fits.
    package func obstacle(_ runner: RemoteRunner) -> String? {
        if let version, runner.version != version { return "its version is '\(runner.version)'" }
        if let mode, runner.mode != mode { return "its mode is \(runner.mode.rawValue)" }
        if let gpu, runner.gpu?.name.lowercased().contains(gpu.lowercased()) != true { return "its GPU is '\(runner.gpu?.name ?? "")'" }
        if let leastMemoryMB, (runner.gpu?.memoryMB ?? 0) < leastMemoryMB { return "its GPU has \(runner.gpu?.memoryMB ?? 0) MB" }
        if let mostPrice, let price = runner.price, price.amount > mostPrice { return "it asks \(price.amount) USD" }
        let name = runner.orchestrator.rawValue
        if !only.isEmpty, !only.contains(name) { return "its orchestrator is not among those wanted" }
        if without.contains(name) { return "its orchestrator is not wanted" }
        return nil
    }
}

/// Why nobody is chosen, in words for the client.
package struct AppLack: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// What became of one request, or of one reservation, at a runner.
package enum AppOutcome: Hashable, Sendable {
    /// Seconds from sending to the answer's head.
    case answered(seconds: Double)
    /// It has no place at the moment.
    case full
    case unreachable
    /// Garbage, half an answer, an error of its own.
    case broken
    case slow
    /// Ended by its client, or from here: says nothing of the runner.
    case ended
}
