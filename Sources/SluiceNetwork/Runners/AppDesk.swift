package import Logging
package import NIOCore
package import SluiceTypes
import HTTPTypes
import SluiceWire

/// A gateway's side of runners: learns who there is, holds sessions at orchestrators for its clients, and lets them go.
package final class AppDesk: Sendable {
    package struct Settings: Sendable {
        /// What a client's session lives that nobody uses.
        package var lease: Duration = .seconds(120)
        package var answerTime: Duration = .seconds(300)
        /// For a reservation's answer.
        package var reserveTime: Duration = .seconds(3)
        /// Of orchestrators. The network's are self-signed.
        package var verifiesCertificates = false

        package init() {}
    }

    private enum Job: Sendable {
        case hold(AppSession)
        case stop(AppSession)
    }

    /// Orchestrators asked for one reservation.
    private static let attempts = 3
    private static let sweepInterval: Duration = .seconds(1)
    /// For a stop, after which the orchestrator's own lease ends it.
    private static let stopTime: Duration = .seconds(5)
    private static let longestAnswer = 64 << 10

    package let directory: any AppDirectory
    let settings: Settings
    let sessions: AppSessions
    let logger: Logger
    /// Told what clients had of runners.
    let used: @Sendable (AppUse) -> Void
    private let peers: [OrchestratorID: HTTPClientConnection]
    /// Sessions are few per second; what is begun is done before the program ends.
    private let jobs: AsyncStream<Job>
    private let job: AsyncStream<Job>.Continuation

    /// - Parameters:
    ///   - orchestrators: addresses as a person writes them.
    ///   - used: told what clients had of runners, for the books; it must not wait.
    package init(
        directory: any AppDirectory, orchestrators: [String], settings: Settings = .init(), group: any EventLoopGroup,
        used: @escaping @Sendable (AppUse) -> Void = { _ in }, logger: Logger
    ) throws {
        self.directory = directory
        self.settings = settings
        self.logger = logger
        self.used = used
        sessions = AppSessions(lease: settings.lease, used: used)
        (jobs, job) = AsyncStream.makeStream(of: Job.self)
        var peers: [OrchestratorID: HTTPClientConnection] = [:]
        for text in orchestrators {
            let address = try OrchestratorAddress(text)
            var client = HTTPClientConnection.Settings()
            client.verifiesCertificates = settings.verifiesCertificates
            peers[OrchestratorID(address.description)] = try HTTPClientConnection(
                authority: address.authority, settings: client, group: group)
        }
        self.peers = peers
    }

    func authority(of orchestrator: OrchestratorID) -> HTTPAuthority? { peers[orchestrator]?.authority }

    /// Discovery, sessions held and let go, until the task is cancelled; what is held then is let go.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for (id, connection) in peers {
                group.addTask {
                    await RunnerDiscovery(orchestrator: id, connection: connection, directory: self.directory, logger: self.logger).run()
                }
            }
            group.addTask { await self.sweep() }
            for await job in jobs {
                switch job {
                case .hold(let session): group.addTask { await self.hold(session) }
                case .stop(let session): group.addTask { await self.stopNow(session) }
                }
            }
            group.cancelAll()
        }
        sessions.tellUse()
        for connection in peers.values { await connection.close() }
    }

    /// Sessions are booked so often, in sweeps.
    private static let bookingSweeps = 30

    private func sweep() async {
        var sweeps = 0
        while (try? await Task.sleep(for: Self.sweepInterval)) != nil {
            sweeps += 1
            if sweeps % Self.bookingSweeps == 0 { sessions.tellUse() }
            for id in sessions.abandoned(at: .now) {
                if let session = sessions.remove(id, why: "abandoned") { stop(session) }
            }
        }
    }

    /// A place at a runner, of one orchestrator or the next.
    ///
    /// - Parameter isOwn: its client stops it; else it is for one request.
    /// - Throws: `AppLack`, `CancellationError`.
    func reserve(_ wish: AppWish, isOwn: Bool) async throws -> AppSession {
        guard !sessions.isFull else { throw AppLack("this gateway has \(AppSessions.mostSessions) sessions, its limit") }
        var tried: Set<RemoteRunnerID> = []
        var last = ""
        while tried.count < Self.attempts {
            let runner: RemoteRunner
            do throws(AppLack) { runner = try directory.choose(wish, avoiding: tried) } catch {
                throw last.isEmpty ? error : AppLack("\(error); \(last)")
            }
            tried.insert(runner.id)
            directory.began(runner.id)
            let began = ContinuousClock.now
            do {
                let session = try await reserve(runner)
                directory.ended(runner.id, .answered(seconds: Self.seconds(since: began)))
                sessions.add(session, isOwn: isOwn)
                job.yield(.hold(session))
                return session
            } catch let refusal as Refused {
                directory.ended(runner.id, refusal.status == 503 || refusal.status == 404 ? .full : .broken)
                last = "\(runner.id): \(refusal.status) \(refusal.text)"
            } catch is CancellationError {
                directory.ended(runner.id, .ended)
                throw CancellationError()
            } catch {
                directory.ended(runner.id, .unreachable)
                last = "\(runner.id): \(error)"
            }
        }
        throw AppLack("no runner of '\(wish.app)' took a session; \(last)")
    }

    private struct Refused: Error {
        var status: Int
        var text: String
    }

    private func reserve(_ runner: RemoteRunner) async throws -> AppSession {
        guard let peer = peers[runner.orchestrator] else { throw Refused(status: 404, text: "no such orchestrator") }
        let answer = try await ask(peer, .post, runner.path, headers: [.sessionKey: "wanted"], within: settings.reserveTime)
        guard answer.status == 200 else {
            throw Refused(status: answer.status, text: String(buffer: answer.body).trimming(while: \.isWhitespace))
        }
        let json = try JSONTree(parsing: answer.body.readableBytesView)
        guard let app = json["app_url"]?.string.flatMap(DiscoveryForm.path),
            let control = json["control_url"]?.string.flatMap(DiscoveryForm.path)
        else { throw Refused(status: 502, text: "a reservation without app_url and control_url") }
        return AppSession(
            id: SessionID("session_\(RunnerKeys.name(26))"), app: runner.app, runner: runner, appPath: app, controlPath: control,
            key: answer.headers[.sessionKey] ?? "")
    }

    private func ask(
        _ peer: HTTPClientConnection, _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields, within limit: Duration
    ) async throws -> (status: Int, headers: HTTPFields, body: ByteBuffer) {
        let head = HTTPRequest(
            method: method, scheme: peer.authority.isSecure ? "https" : "http", authority: peer.authority.name, path: path,
            headerFields: headers)
        return try await SluiceNetwork.within(limit, orThrow: HTTPFetcher.TooSlow(address: "\(peer.authority)\(path)", limit: limit)) {
            try await peer.exchange(head) { head, body in
                (head.status.code, head.headerFields, try await body.collect(upTo: Self.longestAnswer))
            }
        }
    }

    /// Holds it open: should this process die, its place is free at once.
    private func hold(_ session: AppSession) async {
        guard let peer = peers[session.runner.orchestrator] else { return }
        let head = HTTPRequest(
            method: .get, scheme: peer.authority.isSecure ? "https" : "http", authority: peer.authority.name,
            path: session.controlPath + "/hold")
        do {
            let isHeld = try await peer.exchange(head) { head, body in
                guard head.status == .ok else {
                    return String(buffer: try await body.collect(upTo: Self.longestAnswer)) != "\(RunnerRefusal.noSuchSession.text)\n"
                }
                while try await body.next() != nil {}
                return false
            }
            // One of another make has nothing to hold.
            if isHeld { return }
        } catch {
            if Task.isCancelled { return }
        }
        if sessions.remove(session.id, why: "its orchestrator ended it") != nil {
            logger.info("session ended by its orchestrator", metadata: ["session": "\(session.id)", "runner": "\(session.runner.id)"])
        }
    }

    func stop(_ session: AppSession) { job.yield(.stop(session)) }

    private func stopNow(_ session: AppSession) async {
        guard let peer = peers[session.runner.orchestrator] else { return }
        do {
            _ = try await ask(
                peer, .post, session.controlPath + "/stop", headers: [.sessionKey: session.key, .contentLength: "0"],
                within: Self.stopTime)
        } catch {
            logger.warning("session not stopped; its lease will end it", metadata: ["session": "\(session.id)", "error": "\(error)"])
        }
    }

    static func seconds(since began: ContinuousClock.Instant) -> Double { began.duration(to: .now).inSeconds }
}
