import HTTPTypes
package import Logging
package import NIOCore
package import SluiceTypes
package import SluiceWire
import Synchronization

/// What everything that the network does for runners has in common: the registry, the secrets, the trickle channels, the exchanges.
package final class RunnerDesk: Sendable {
    package struct Settings: Sendable {
        /// `Authorization` of whoever may register; `nil` lets nobody.
        package var secret: String?
        /// Told to runners (specs/byoc §12.2).
        package var heartbeatInterval: Duration = .seconds(5)
        package var heartbeatTTL: Duration = .seconds(20)
        package var healthInterval: Duration = .seconds(5)
        package var healthTime: Duration = .seconds(3)
        /// From a request's last byte to the head of the runner's answer: a large picture takes minutes.
        package var answerTime: Duration = .seconds(300)
        /// Only the session's key stops it, whatever its client asked for.
        package var guardsAll = false

        package init() {}
    }

    package let service: any RunnerService
    package let settings: Settings
    package let answers: RunnerAnswers
    package let keys: RunnerKeys
    let channels: RunnerChannels
    let exchanges = SessionExchanges()
    let feed = RunnerFeed()
    let group: any EventLoopGroup
    let logger: Logger

    package init(
        service: any RunnerService, settings: Settings, answers: RunnerAnswers, keys: RunnerKeys, trickle: TrickleTable,
        group: any EventLoopGroup, logger: Logger
    ) {
        self.service = service
        self.settings = settings
        self.answers = answers
        self.keys = keys
        self.group = group
        self.logger = logger
        let channels = RunnerChannels(trickle, logger: logger)
        self.channels = channels
        service.watch(
            { [exchanges, feed] event in
                channels.told(event)
                exchanges.told(event)
                if event == .changed { feed.stir() }
            }, isBusy: { channels.areBusy($0) })
    }

    /// Health checks and signs of life, until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.channels.run() }
            group.addTask { await RunnerHealth(self).run() }
            group.addTask { await self.service.run() }
        }
    }

    func isOrchestratorSecret(_ text: String?) -> Bool {
        guard let secret = settings.secret, let text else { return false }
        return RunnerKeys.areEqual(text, secret)
    }

    /// The app of a session; headers that tell the runner who asks (specs/byoc §13.2).
    func forward(_ session: RunnerSession, to base: String, path: String) throws(WebAddress.Malformed) -> ProxyForward {
        let address = try WebAddress(base)
        let root = address.path == "/" ? "" : address.path
        let service = service
        var forward = ProxyForward(authority: address.authority, path: root + path, answerTime: settings.answerTime)
        forward.headers = [
            .runnerRoute: session.route, .sessionControl: answers.callbackBase(session), .sessionID: session.id.rawValue,
            .sessionToken: keys.session(session.id),
        ]
        if !session.bearer.isEmpty { forward.headers[.authorization] = "Bearer \(session.bearer)" }
        let exchanges = exchanges
        let place = exchanges.newPlace()
        forward.began = { cut in
            service.begin(session.id)
            exchanges.add(session.id, place, cut)
            // It may have ended before there was anything to cut.
            if service.session(session.id, of: session.route) == nil { cut("the session is over") }
        }
        forward.ended = { outcome in
            exchanges.remove(session.id, place)
            switch outcome {
            case .failed(.unreachable): service.missed(session.runner)
            case .answered: service.reached(session.runner)
            default: break
            }
            service.end(session.id)
        }
        return forward
    }
}

/// The exchanges of each session that are under way, so that its end is theirs.
final class SessionExchanges: Sendable {
    private struct State {
        var open: [SessionID: [Int: ProxyCut]] = [:]
        var places = 0
    }

    private let state = Mutex(State())

    func newPlace() -> Int {
        state.withLock { state in
            state.places += 1
            return state.places
        }
    }

    func add(_ session: SessionID, _ place: Int, _ cut: @escaping ProxyCut) {
        state.withLock { $0.open[session, default: [:]][place] = cut }
    }

    func remove(_ session: SessionID, _ place: Int) {
        state.withLock { state in
            state.open[session]?[place] = nil
            if state.open[session]?.isEmpty == true { state.open[session] = nil }
        }
    }

    func told(_ event: RunnerEvent) {
        guard case .released(let session, _, let reason, _) = event, reason != .finished else { return }
        let cuts = state.withLock { $0.open.removeValue(forKey: session) }
        for cut in (cuts ?? [:]).values { cut("the session is over: \(reason.rawValue)") }
    }
}

/// Wakes those who watch discovery.
final class RunnerFeed: Sendable {
    private struct State {
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var made = 0
    }

    /// Each is a connection that stays open.
    static let mostWatchers = 1000
    private let state = Mutex(State())

    /// - Returns: `nil` when there are too many. One element for any number of changes since the last.
    func watch() -> (stirs: AsyncStream<Void>, number: Int)? {
        let (stirs, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        return state.withLock { state in
            guard state.watchers.count < Self.mostWatchers else { return nil }
            state.made += 1
            state.watchers[state.made] = continuation
            return (stirs, state.made)
        }
    }

    func leave(_ number: Int) { state.withLock { $0.watchers.removeValue(forKey: number) }?.finish() }

    func stir() {
        let watchers = state.withLock { $0.watchers }
        for one in watchers.values { one.yield() }
    }
}
