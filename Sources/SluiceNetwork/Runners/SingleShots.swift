import HTTPTypes
import NIOCore
import SluiceTypes

/// Who has single requests served: an orchestrator by its own runners, a gateway by those of others.
protocol SingleShots: Sendable {
    /// - Parameter path: at the app, with the query.
    /// - Throws: `AppLack`, in words for the client.
    func forward(_ wish: AppWish, path: String) throws -> ProxyForward
}

extension RunnerDesk: SingleShots {
    func forward(_ wish: AppWish, path: String) throws -> ProxyForward {
        let session: RunnerSession
        do { session = try service.reserve(app: wish.app) } catch .noCapacity {
            throw AppLack("all runners of '\(wish.app)' are full")
        } catch .noSuchRunner { throw AppLack("no runner serves '\(wish.app)'") } catch { throw AppLack(error.text) }
        do { return try forward(session, to: session.url, path: path) } catch {
            service.release(session.id, .finished)
            throw AppLack("\(error)")
        }
    }
}

extension AppDesk: SingleShots {
    func forward(_ wish: AppWish, path: String) throws -> ProxyForward {
        var wish = wish
        wish.mode = .singleShot
        return try forward(wish, path: path, avoiding: [])
    }

    /// To one runner, and when it does not serve it to another.
    private func forward(_ wish: AppWish, path: String, avoiding tried: Set<RemoteRunnerID>) throws -> ProxyForward {
        let runner = try directory.choose(wish, avoiding: tried)
        guard let authority = authority(of: runner.orchestrator) else { throw AppLack("no such orchestrator: \(runner.orchestrator)") }
        var forward = ProxyForward(authority: authority, path: runner.path + path, answerTime: settings.answerTime)
        forward.answerHeaders = [.servedBy: runner.id.description, .servedByOrchestrator: runner.orchestrator.rawValue]
        let used = used
        let watch = AppWatch(directory, runner.id) { seconds in
            used(AppUse(runner: runner, seconds: Int64(seconds.rounded(.up)), jobs: 1))
        }
        watch.install(in: &forward)
        forward.retry = { _ in
            guard let again = try? self.forward(wish, path: path, avoiding: tried.union([runner.id])) else { return nil }
            return .forward(again)
        }
        return forward
    }
}

/// Tells the directory what became of one request.
struct AppWatch: Sendable {
    private let directory: any AppDirectory
    private let runner: RemoteRunnerID
    private let began = ContinuousClock.now
    private let head = AnsweredAfter()
    private let served: @Sendable (_ seconds: Double) -> Void

    /// - Parameter served: called when it has been answered well: what failed or was full is owed nothing for.
    init(_ directory: any AppDirectory, _ runner: RemoteRunnerID, served: @escaping @Sendable (_ seconds: Double) -> Void = { _ in }) {
        self.served = served
        self.directory = directory
        self.runner = runner
        directory.began(runner)
    }

    func install(in forward: inout ProxyForward) {
        let (directory, runner, began, head, served) = (directory, runner, began, head, served)
        forward.headed = { _ in head.set(AppDesk.seconds(since: began)) }
        forward.ended = { outcome in
            directory.ended(runner, Self.outcome(outcome, after: head.seconds))
            if case .answered(let status) = outcome, status < 500 { served(AppDesk.seconds(since: began)) }
        }
    }

    private static func outcome(_ outcome: ProxyOutcome, after seconds: Double?) -> AppOutcome {
        switch outcome {
        case .answered(let status) where status == 503: .full
        case .answered(let status) where status >= 500: .broken
        case .answered: .answered(seconds: seconds ?? 0)
        case .failed(.unreachable): .unreachable
        case .failed(.refused(503)): .full
        case .failed(.tooSlow): .slow
        case .failed: .broken
        case .clientGone, .cut: .ended
        }
    }
}
