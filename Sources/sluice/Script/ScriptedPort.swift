import Logging
import NIOCore
import SluiceNetwork
import SluiceSimulation
import Synchronization

/// The port of one scripted orchestrator: open, cut off when it crashes, and open again when it is back.
final class ScriptedPort: HTTPResponder {
    private struct State {
        var port: Int
        var server: HTTPServer?
        var door: ScriptedDoor?
    }

    static let host = "127.0.0.1"
    /// Its own last connections may hold the port for a moment.
    private static let rebindPause: Duration = .milliseconds(20)
    private static let rebinds = 100

    let orchestrator: Int
    private let world: ScriptedWorld
    private let studio: ScriptedStudio?
    private let tls: HTTPServerTLS
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - studio: makes renditions; without it they are the source's own bytes.
    init(
        orchestrator: Int, port: Int, world: ScriptedWorld, studio: ScriptedStudio?, tls: HTTPServerTLS, group: any EventLoopGroup,
        logger: Logger
    ) {
        self.orchestrator = orchestrator
        self.world = world
        self.studio = studio
        self.tls = tls
        self.group = group
        self.logger = logger
        state = Mutex(State(port: port))
    }

    var uri: String { "https://\(Self.host):\(state.withLock { $0.port })" }

    /// Binds.
    func start() async throws {
        let server = HTTPServer(
            host: Self.host, port: state.withLock { $0.port }, tls: tls, responder: self, group: group, logger: logger)
        let bound = try await server.start()
        state.withLock { state in
            state.port = bound
            state.server = server
        }
        let door = try ScriptedDoor(orchestrator: orchestrator, world: world, studio: studio, serviceURI: uri, logger: logger)
        state.withLock { $0.door = door }
    }

    /// Serves until it is cancelled. Call after `start`.
    func run() async throws {
        var changes = world.changes(of: orchestrator).makeAsyncIterator()
        while !Task.isCancelled {
            try await serve(&changes)
            while let change = await changes.next(), change != .returned {}
            if !Task.isCancelled { try await startAgain() }
        }
    }

    /// Until the crash.
    private func serve(_ changes: inout AsyncStream<LivePort>.Iterator) async throws {
        guard let (server, door) = state.withLock({ state in state.server.flatMap { server in state.door.map { (server, $0) } } })
        else { return }
        await withTaskGroup(of: Void.self) { group in
            // Cut off on purpose, it ends with an error or without.
            group.addTask { try? await server.run() }
            group.addTask { await door.endpoint.run() }
            change: while let change = await changes.next() {
                logger.info("script", metadata: ["orchestrator": "\(world.names[orchestrator])", "is": "\(change)"])
                switch change {
                case .crashed: break change
                case .stalled: await server.pause(true)
                case .resumed: await server.pause(false)
                case .returned: break
                }
            }
            group.cancelAll()
        }
    }

    private func startAgain() async throws {
        for _ in 1..<Self.rebinds where !Task.isCancelled {
            do { return try await start() } catch is PortUnavailable { try? await Task.sleep(for: Self.rebindPause) }
        }
        if !Task.isCancelled { try await start() }
    }

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        guard let door = state.withLock({ $0.door }) else { throw HTTPAnswerAbandoned() }
        try await door.respond(to: request, with: writer)
    }
}
