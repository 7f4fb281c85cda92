import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceNetwork

/// An orchestrator's runners on the loopback for the length of a test.
struct RunnerDoor: Sendable {
    static let secret = "s3cret"
    let book: RunnerBook
    let desk: RunnerDesk
    let table: TrickleTable
    let port: Int

    private struct Paths: HTTPResponder {
        let runners: RunnerEndpoint
        let capabilities: CapabilityEndpoint

        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            let path = (request.head.path ?? "").prefix { $0 != "?" }
            if CapabilityEndpoint.owns(path) { return try await capabilities.respond(to: request, with: writer) }
            if path == "/registerLiveRunners" {
                try await runners.register(request, writer)
            } else {
                try await runners.respond(to: request, with: writer)
            }
        }
    }

    /// - Parameter uri: what it says of itself.
    static func opened(
        uri: String = "http://orchestrator:8935", tls: Bool = false, lease: Duration = .seconds(120), runs: Bool = false,
        book given: RunnerBook? = nil,
        _ adjust: (inout RunnerDesk.Settings) -> Void = { _ in }, _ body: @escaping @Sendable (RunnerDoor) async throws -> Void
    ) async throws {
        var settings = RunnerDesk.Settings()
        settings.secret = secret
        adjust(&settings)
        var rules = RunnerRegistry.Settings()
        rules.lease = lease
        let registry = MetricRegistry()
        let book = given ?? RunnerBook(settings: rules, newName: { RunnerKeys.name($0) }, registry: registry, logger: TestServer.quiet)
        let table = TrickleTable(registry: registry, logger: TestServer.quiet)
        let desk = RunnerDesk(
            service: book, settings: settings,
            answers: RunnerAnswers(serviceURI: uri, runnerBase: uri, proxyURL: try RunnerProxyURL("\(uri)/run/{proxy}")),
            keys: try RunnerKeys(), trickle: table, group: MultiThreadedEventLoopGroup.singleton, logger: TestServer.quiet)
        let paths = Paths(runners: RunnerEndpoint(desk), capabilities: CapabilityEndpoint(desk))
        let proxy = HTTPServer.Proxy(
            router: ProxyRouters([RunnerProxy(desk), CapabilityProxy(desk), BatchProxy(desk)]), connections: try ProxyConnections())
        try await TestServer.serving(paths, loop: TrickleEndpoint(table: table), proxy: proxy, tls: tls) { peer in
            let door = RunnerDoor(book: book, desk: desk, table: table, port: peer.port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                if runs {
                    group.addTask { await desk.run() }
                    group.addTask { await paths.capabilities.run() }
                }
                defer { group.cancelAll() }
                try await body(door)
            }
        }
    }

    func ask(
        _ method: String, _ path: String, headers: [String] = [], body: String? = nil
    ) async throws -> RawTrickle.Answer {
        let length = (body ?? (method == "POST" ? "" : nil)).map { ["Content-Length: \($0.utf8.count)"] } ?? []
        let head = ["\(method) \(path) HTTP/1.1", "Host: x"] + headers + length
        return try await RawTrickle.ask(port, head.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""), isHead: method == "HEAD")
    }

    /// One of the operator's own, under its label.
    @discardableResult
    func runner(
        _ label: String, at url: String, mode: RunnerMode = .persistent, capacity: Int = 1, proxy: Bool = false
    ) throws -> RunnerID {
        let facts = RunnerFacts(
            label: label, routesByLabel: true, hasProxyURL: proxy, url: url, app: "app/\(label)", mode: mode, capacity: capacity)
        return try book.register([StaticRunner(facts: facts, health: RunnerHealthCheck(url: "\(url)/health"))])[0].id
    }

    /// - Returns: the path of the session's control URL.
    func reserve(_ label: String, headers: [String] = []) async throws -> (path: String, key: String) {
        let answer = try await ask("POST", "/apps/\(label)/session", headers: headers)
        guard answer.code == 200 else { throw Refused(answer: "\(answer)") }
        let json = try JSONTree(parsing: answer.body.utf8)
        return (Self.path(json["control_url"]?.string ?? ""), answer["livepeer-session-key"] ?? "")
    }

    static func path(_ url: String) -> String {
        guard let scheme = url.range(of: "://") else { return url }
        return String(url[scheme.upperBound...].drop { $0 != "/" })
    }

    func used(_ label: String) -> Int? { book.offers.first { $0.route == label }?.used }

    /// Waits for what another thread is about to do.
    func until(_ what: Comment, _ condition: @Sendable () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            try #require(ContinuousClock.now < end, what)
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    struct Refused: Error { let answer: String }
}

/// A clock that stands still until it is moved.
final class TestClock: Sendable {
    private let start = ContinuousClock.now
    private let passed = Mutex(Duration.zero)

    var now: ContinuousClock.Instant { start + passed.withLock { $0 } }
    func advance(by time: Duration) { passed.withLock { $0 += time } }
}

/// The application of Fixtures/runners, as a process of its own, for the length of a test.
struct RunnerApp: Sendable {
    let port: Int
    var url: String { "http://127.0.0.1:\(port)" }

    static func running(_ body: @Sendable (RunnerApp) async throws -> Void) async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardizedFileURL
        let output = FileManager.default.temporaryDirectory.appending(path: "runner-app-\(UUID().uuidString)")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-W", "ignore", root.appending(path: "Fixtures/runners/runner_app.py").path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            kill(process.processIdentifier, SIGKILL)
            try? FileManager.default.removeItem(at: output)
        }
        let end = ContinuousClock.now + .seconds(30)
        while true {
            if let line = try? String(contentsOf: output, encoding: .utf8), line.hasSuffix("\n"), let port = Int(line.dropLast()) {
                return try await body(RunnerApp(port: port))
            }
            try #require(ContinuousClock.now < end && process.isRunning, "the app starts; it needs python3 with aiohttp")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Asks the app itself.
    func number(_ path: String) async throws -> Int {
        let answer = try await RawTrickle.ask(port, "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        return try #require(Int(answer.body))
    }

    func setHealth(_ status: Int) async throws {
        let text = "\(status)"
        _ = try await RawTrickle.ask(port, "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
    }
}
