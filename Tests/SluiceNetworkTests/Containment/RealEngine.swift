import Foundation
import NIOPosix
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// A container engine of its own, in a folder and at a socket of its own.
struct RealEngine: Sendable {
    enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case podman = "Podman"
        case docker = "Docker"

        var testDescription: String { rawValue }
    }

    /// Those of the suite that runs, or why one cannot be had.
    enum Found: Sendable {
        case there(RealEngine)
        case missing(String)
    }

    @TaskLocal static var all: [Kind: Found] = [:]

    let kind: Kind
    let socket: String
    /// Its own process.
    let process: RunningProcess
    let shelf: Shelf
    /// The same images, for those who log in.
    let closed: Shelf
    /// Memory and the like are limited: the machine's control groups can be used.
    let hasLimits: Bool
    /// Containers have a network of their own, of that name.
    let network: String?

    /// A registry that is served.
    struct Shelf: Sendable {
        let images: ImageShelf
        let port: Int

        func image(_ name: String = ImageShelf.image) -> String { "127.0.0.1:\(port)/\(name):1" }
    }

    func engine(_ times: ContainerEngine.Times = .init()) -> ContainerEngine {
        ContainerEngine(path: socket, times: times, group: MultiThreadedEventLoopGroup.singleton)
    }

    func host(
        owner: String, times: ContainerEngine.Times = .init(),
        login: @escaping @Sendable (String) async throws(RunnerFault) -> RegistryLogin? = { _ throws(RunnerFault) in nil }
    ) -> ContainerHost {
        ContainerHost(engine: engine(times), owner: owner, address: "https://o:1", login: login, logger: TestServer.quiet)
    }

    /// - Parameter arguments: of BusyBox.
    func order(_ arguments: [String]) -> ContainerOrder {
        var order = ContainerOrder(image: shelf.image())
        order.network = "host"
        order.entrypoint = ["/bin/busybox"]
        order.arguments = arguments
        return order
    }

    // MARK: Life

    /// Bounds on what an engine may take in a test.
    private static let startTime: Duration = .seconds(20)
    private static let trialTime: Duration = .seconds(20)
    private static let endTime: Duration = .seconds(15)

    /// - Parameter body: the engine, or why there is none: it is not installed, may not start containers here, …
    static func running(_ kind: Kind, _ shelf: Shelf, _ closed: Shelf, _ body: (Found) async throws -> Void) async throws {
        var reasons: [String] = []
        for limits in kind == .podman ? [true, false] : [true] {
            // A socket's path has at most 107 bytes, of which Docker needs 40 for one in its folder.
            let folder = URL(filePath: "/tmp/sluice-e-\(UUID().uuidString.prefix(8))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let bell = Bell()
            let log = RunnerLog { bell.ring() }
            let process: RunningProcess
            do {
                try write(kind, folder, [shelf.port, closed.port], limits: limits)
                process = try await RunningProcess.start(
                    ["bash", "start.sh"], environment: environment(folder), directory: folder.path, log: log,
                    group: MultiThreadedEventLoopGroup.singleton)
            } catch {
                reasons.append("\(error)")
                continue
            }
            let network = kind == .docker ? "br-\(folder.lastPathComponent.suffix(8))" : nil
            let engine = RealEngine(
                kind: kind, socket: folder.appending(path: "engine.sock").path, process: process, shelf: shelf, closed: closed,
                hasLimits: limits, network: network == nil ? nil : "bridge")
            let result: Result<Bool, any Error>
            do {
                try await engine.untilThere(log, bell)
                try await engine.trial()
                do {
                    try await body(.there(engine))
                    result = .success(true)
                } catch { result = .failure(error) }
            } catch {
                reasons.append("\(error)")
                result = .success(false)
            }
            await engine.end(network)
            if try result.get() { return }
        }
        try await body(.missing("\(kind.rawValue) starts no containers here: \(reasons.joined(separator: "; "))"))
    }

    /// What `scripts/test` has fetched comes after what is installed.
    private static var path: String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardizedFileURL
        let fetched = ["usr/bin", "usr/sbin"].map { root.appending(path: ".build/engines/\($0)").path }
        return ([ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "/usr/sbin", "/sbin"] + fetched).joined(separator: ":")
    }

    private static func environment(_ folder: URL) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = path
        environment["CONTAINERS_CONF"] = folder.appending(path: "containers.conf").path
        environment["CONTAINERS_REGISTRIES_CONF"] = folder.appending(path: "registries.conf").path
        return environment
    }

    /// What is mounted for containers is seen by nobody else, and gone with the engine. Podman's runtime takes no control groups of both
    /// versions at once.
    private static func write(_ kind: Kind, _ folder: URL, _ ports: [Int], limits: Bool) throws {
        let own = """
            set -e
            if [ "$(id -u)" = 0 ] && [ -z "$SLUICE_OWN" ]; then SLUICE_OWN=1 exec unshare -m bash start.sh; fi
            umount /sys/fs/cgroup/unified 2>/dev/null || true

            """
        let start: String
        switch kind {
        case .podman:
            let settings = """
                [containers]
                netns = "host"
                default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
                \(limits ? "" : #"cgroups = "disabled""#)
                [engine]
                cgroup_manager = "cgroupfs"
                events_logger = "file"
                """
            try Data(settings.utf8).write(to: folder.appending(path: "containers.conf"))
            let registries = ports.map { "[[registry]]\nlocation = \"127.0.0.1:\($0)\"\ninsecure = true\n" }
            try Data(registries.joined().utf8).write(to: folder.appending(path: "registries.conf"))
            start = """
                exec podman --log-level info --root "$PWD/data" --runroot "$PWD/exec" --storage-driver vfs system service --time=0 "unix://$PWD/engine.sock"
                """
        case .docker:
            start = """
                command -v dockerd >/dev/null || { echo "there is no dockerd"; exit 1; }
                echo '{}' > none.json
                bridge=br-${PWD: -8}
                ip link add "$bridge" type bridge
                ip addr add 10.213.$((RANDOM % 256)).1/24 dev "$bridge"
                ip link set "$bridge" up
                exec dockerd --data-root "$PWD/data" --exec-root "$PWD/exec" --pidfile "$PWD/pid" -H "unix://$PWD/engine.sock" \\
                    --config-file "$PWD/none.json" --bridge "$bridge" --iptables=false --ip-forward=false --ip-masq=false \\
                    --cgroup-parent "/$bridge"
                """
        }
        try Data((own + start).utf8).write(to: folder.appending(path: "start.sh"))
    }

    private func untilThere(_ log: RunnerLog, _ bell: Bell) async throws {
        try await within(Self.startTime, of: "\(kind.rawValue): its start") {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let end = await process.exit()
                    throw RunnerFault(.noEngine, "\(end): \(log.lines.suffix(5).joined(separator: " "))")
                }
                group.addTask {
                    _ = try await bell.until(Self.startTime) { log.lines.contains { $0.contains(/API (service )?listen/) } ? true : nil }
                    _ = try await engine().list([:])
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    /// A machine may have an engine and let it start nothing.
    private func trial() async throws {
        let order = order(["true"])
        try await within(Self.trialTime, of: "\(kind.rawValue): a container that ends at once") {
            let engine = engine()
            try await engine.pull(order, login: nil) { _ in }
            var limited = order
            if hasLimits { limited.memory = 64 << 20 }
            let body = ContainerForm.create(limited, label: "trial", owner: "trial", port: 1, address: "")
            let id = try await engine.create(body, name: "trial", order: order)
            try await engine.start(id, order: order)
            try await engine.wait(id)
            let inspected = try await engine.inspect(id)
            guard let exit = inspected.flatMap(ContainerForm.exit), exit == .code(0) else {
                throw RunnerFault(.other, "a container that does nothing fails: \(inspected?["State"]?.text ?? "")")
            }
            try await engine.remove(id)
        }
    }

    /// Whatever is left is removed; the engine itself is asked to end, and ended.
    private func end(_ bridge: String?) async {
        let engine = engine()
        for left in (try? await engine.list([:])) ?? [] { try? await engine.remove(left.id) }
        process.signal(SIGCONT)
        process.signal(SIGTERM)
        if (try? await within(Self.endTime, of: "its end", { await process.exit() })) == nil {
            process.signal(SIGKILL)
            _ = await process.exit()
        }
        // Its control groups, of either version; those with a process in them stay.
        let name = bridge ?? "libpod_parent"
        let tidy = "find /sys/fs/cgroup/\(name) /sys/fs/cgroup/*/\(name) -depth -type d -exec rmdir {} ';'"
        let script = (bridge.map { "ip link del \($0); " } ?? "") + tidy
        let last = try? await RunningProcess.start(
            ["bash", "-c", script], environment: Self.environment(URL(filePath: "/tmp")), directory: nil, log: RunnerLog(),
            group: MultiThreadedEventLoopGroup.singleton)
        _ = await last?.exit()
    }
}

/// Starts the engines once for all tests of a suite.
struct RealEngines: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void) async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "shelf-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let shelf: ImageShelf
        do { shelf = try await ImageShelf(in: folder) } catch {
            let all = Dictionary(uniqueKeysWithValues: RealEngine.Kind.allCases.map { ($0, RealEngine.Found.missing("\(error)")) })
            return try await RealEngine.$all.withValue(all, operation: function)
        }
        let guarded = ImageShelf(closed: shelf)
        try await TestServer.serving(shelf, tls: false) { server in
            try await TestServer.serving(guarded, tls: false) { guardedServer in
                let open = RealEngine.Shelf(images: shelf, port: server.port)
                let closed = RealEngine.Shelf(images: guarded, port: guardedServer.port)
                try await RealEngine.running(.podman, open, closed) { podman in
                    try await RealEngine.running(.docker, open, closed) { docker in
                        try await RealEngine.$all.withValue([.podman: podman, .docker: docker], operation: function)
                    }
                }
            }
        }
    }
}

extension RealEngine.Kind {
    /// - Returns: the suite's engine of that kind; where there is none the test is skipped, with the reason.
    func there() throws -> RealEngine {
        switch RealEngine.all[self] {
        case .there(let engine): return engine
        case .missing(let reason): try Test.cancel(Comment(rawValue: reason))
        case nil: throw RunnerFault(.other, "the suite starts no engines")
        }
    }
}
