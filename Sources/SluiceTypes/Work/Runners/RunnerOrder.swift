/// A runner that an operator wants there, and how it comes to be there.
package struct RunnerOrder: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// It runs elsewhere; its facts have its URL.
        case elsewhere
        case process(ProcessOrder)
        case container(ContainerOrder)
    }

    /// Without a URL, unless it runs elsewhere.
    package var facts: RunnerFacts
    /// An absolute URL, or a path at the runner.
    package var health: String
    package var healthyStatus: Int
    package var source: Source

    package init(facts: RunnerFacts, health: String, healthyStatus: Int = 200, source: Source) {
        self.facts = facts
        self.health = health
        self.healthyStatus = healthyStatus
        self.source = source
    }

    package var isOurs: Bool { source != .elsewhere }
    package var kind: String {
        switch source {
        case .elsewhere: "url"
        case .process: "command"
        case .container: "image"
        }
    }

    /// As the registry has it, once it is known where it listens.
    ///
    /// - Parameter url: without a slash at its end.
    package func runner(at url: String) -> StaticRunner {
        var facts = facts
        facts.url = url
        let isPath = health.hasPrefix("/")
        return StaticRunner(
            facts: facts,
            health: RunnerHealthCheck(url: isPath ? origin(of: url) + health : health, healthyStatus: healthyStatus, isKept: true))
    }

    private func origin(of url: String) -> String {
        var slashes = 0
        return String(
            url.prefix { character in
                if character == "/" { slashes += 1 }
                return slashes < 3
            })
    }
}

/// A program that the orchestrator starts.
package struct ProcessOrder: Hashable, Sendable {
    /// The program, looked for in `PATH`, and its arguments; `{port}` stands for the port it is to listen on.
    package var command: [String]
    package var environment: [String: String]
    /// Where it runs; the orchestrator's own when `nil`.
    package var directory: String?
    /// The environment variable that tells it the port.
    package var portVariable: String

    package init(command: [String], environment: [String: String] = [:], directory: String? = nil, portVariable: String = "PORT") {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.portVariable = portVariable
    }
}

/// A container that the orchestrator has made, from an image, by a container engine.
package struct ContainerOrder: Hashable, Sendable {
    package enum Pull: String, Hashable, Sendable, CaseIterable { case missing, always, never }

    package enum GPUs: Hashable, Sendable {
        case none, all
        case count(Int)
        /// Identifiers or indices, as the vendor's driver has them.
        case devices([String])
    }

    package var image: String
    package var pull = Pull.missing
    /// After the image's entry point; `nil` for the image's own. `{port}` stands for the port.
    package var arguments: [String]?
    package var entrypoint: [String]?
    package var environment: [String: String] = [:]
    package var portVariable = "PORT"
    /// Inside the container. With the host's network it is a free one of the host.
    package var port = 8000
    /// `bridge`, `host`, or the name of a network of the engine's.
    package var network = "bridge"
    package var gpus = GPUs.none
    /// Bytes; `nil` for no limit.
    package var memory: Int?
    package var sharedMemory: Int?
    package var cpus: Double?
    /// Paths that can be written to, in memory.
    package var tmpfs = ["/tmp"]
    /// `HOST:CONTAINER` or `HOST:CONTAINER:ro`.
    package var volumes: [String] = []
    package var isReadOnly = true
    package var user: String?

    package init(image: String) { self.image = image }
}

/// Where a runner of ours is.
package struct RunnerPlace: Hashable, Sendable {
    /// A process identifier, or a container's.
    package var id: String
    /// Without a slash at its end.
    package var url: String
    /// It was there already: left by an orchestrator before this one, of the same order.
    package var isTakenOver: Bool

    package init(id: String, url: String, isTakenOver: Bool = false) {
        self.id = id
        self.url = url
        self.isTakenOver = isTakenOver
    }
}

/// How a runner of ours came to its end.
package enum RunnerExit: Hashable, Sendable, CustomStringConvertible {
    case code(Int)
    case signal(Int)
    case outOfMemory
    /// It is not there any more, and nobody can say why.
    case gone

    package var description: String {
        switch self {
        case .code(let code): "it ended with exit code \(code)"
        case .signal(let number): "it was ended by signal \(number)"
        case .outOfMemory: "it was ended for using more memory than it may"
        case .gone: "it is gone"
        }
    }
}

/// Why a runner is not started, in words for its operator.
package struct RunnerFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        case noEngine = "no-engine"
        /// It is there, and does not answer in time.
        case engineHangs = "engine-hangs"
        case noPermission = "no-permission"
        case noImage = "no-image"
        case pullDenied = "pull-denied"
        case portTaken = "port-taken"
        case noGPU = "no-gpu"
        case noProgram = "no-program"
        case other
    }

    package var kind: Kind
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
