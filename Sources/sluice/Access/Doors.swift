import Logging
import NIOCore
import SluiceIdentity
import SluiceNetwork
import SluiceTypes
import Synchronization

/// Who may publish, watch, and steer by a signed token, as the settings say at this moment.
///
/// A reload changes the rules for whoever comes next: streams that are live go on, also those whose publishers show something with each
/// segment. `run` is its life: keys are read in it, and webhooks closed that nobody asks any more.
final class Doors: Sendable {
    /// What holds together. Built before anything is changed, so that settings that cannot be kept change nothing.
    struct Rules: Sendable {
        fileprivate var settings: DoorSettings
        fileprivate var keys: (ring: KeyRing, verifier: TokenVerifier)?
        fileprivate var publisherWebhook: AuthWebhook?
        fileprivate var viewerWebhook: AuthWebhook?
        /// `nil`: everybody may watch.
        fileprivate var viewers: (any ViewerGate)?

        fileprivate var publisherTokens: TokenVerifier? { settings.identity.publishers == .token ? keys?.verifier : nil }
        fileprivate var operatorTokens: TokenVerifier? { settings.takesSignedOperators ? keys?.verifier : nil }
        fileprivate var webhooks: [AuthWebhook] { [publisherWebhook, viewerWebhook].compactMap(\.self) }
    }

    /// How a stream that is live was let in.
    private struct Entrance {
        /// Its name at the gateway, which a webhook may have given it.
        var stream: StreamID
        /// `nil`: without a token.
        var tokens: TokenVerifier?
    }

    private enum Order: Sendable {
        case read(KeyRing)
        case close(AuthWebhook)
    }

    private struct State {
        var rules: Rules
        /// By the name that a publisher asks for; as many as there are streams.
        var entrances: [StreamID: Entrance] = [:]
    }

    private let group: any EventLoopGroup
    private let durations: Histogram
    private let logger: Logger
    private let state: Mutex<State>
    /// At most three for each reload, of which there is one at a time.
    private let orders: AsyncStream<Order>
    private let order: AsyncStream<Order>.Continuation

    init(_ settings: DoorSettings, group: any EventLoopGroup, registry: MetricRegistry, logger: Logger) throws {
        self.group = group
        durations = AuthWebhook.durations(in: registry)
        self.logger = logger
        (orders, order) = AsyncStream.makeStream()
        let keys = IdentityKeys.ring(settings.identity, group: group, logger: logger)
        state = Mutex(State(rules: try Self.rules(settings, keys: keys, before: nil, group: group, durations)))
        if let keys { order.yield(.read(keys.ring)) }
    }

    private static func rules(
        _ settings: DoorSettings, keys: (ring: KeyRing, verifier: TokenVerifier)?, before: Rules?, group: any EventLoopGroup,
        _ durations: Histogram
    ) throws -> Rules {
        func webhook(_ url: RemoteURL?) throws -> AuthWebhook? {
            try url.map { try AuthWebhook(url: $0, timeout: settings.authWebhook.timeout, group: group, duration: durations) }
        }
        var rules = Rules(settings: settings, keys: keys)
        let old = before?.settings
        rules.publisherWebhook =
            old?.authWebhook == settings.authWebhook ? before?.publisherWebhook : try webhook(settings.authWebhook.url)
        switch settings.viewers.auth {
        case .none: break
        case .token: rules.viewers = keys.map { TokenViewers(verifier: $0.verifier) }
        case .webhook:
            if let before, old?.viewers == settings.viewers, old?.authWebhook.timeout == settings.authWebhook.timeout {
                (rules.viewerWebhook, rules.viewers) = (before.viewerWebhook, before.viewers)
            } else {
                rules.viewerWebhook = try webhook(settings.viewers.url)
                rules.viewers = rules.viewerWebhook.map { WebhookViewers($0, memory: settings.viewers.memory) }
            }
        }
        return rules
    }

    /// Changes nothing yet.
    ///
    /// - Returns: `nil` where nothing is to change.
    /// - Throws: `SettingsError` also where keys cannot be read from where they are now said to be: nobody could come in.
    func prepare(_ settings: DoorSettings) async throws -> Rules? {
        let before = state.withLock { $0.rules }
        guard settings != before.settings else { return nil }
        return try Self.rules(
            settings, keys: try await keys(settings.identity, before), before: before, group: group, durations)
    }

    private func keys(_ settings: IdentitySettings, _ before: Rules) async throws -> (ring: KeyRing, verifier: TokenVerifier)? {
        let old = before.settings.identity
        if let keys = before.keys, old.source == settings.source, old.ring == settings.ring {
            return old.policy == settings.policy ? keys : (keys.ring, TokenVerifier(settings.policy, ring: keys.ring))
        }
        guard let source = settings.source else { return nil }
        let first: KeySet
        do { first = try await IdentityKeys(source: source, group: group).read() } catch {
            throw SettingsError("jwt: no keys could be read from \(source), and those of before hold: \(error)")
        }
        return IdentityKeys.ring(settings, first: first, group: group, logger: logger)
    }

    /// - Returns: what an operator should know.
    func take(_ rules: Rules) -> [String] {
        let before = state.withLock { state in
            defer { state.rules = rules }
            return state.rules
        }
        if let ring = before.keys?.ring, ring !== rules.keys?.ring { ring.finish() }
        if let ring = rules.keys?.ring, ring !== before.keys?.ring { order.yield(.read(ring)) }
        for webhook in before.webhooks where !rules.webhooks.contains(where: { $0 === webhook }) { order.yield(.close(webhook)) }
        guard before.settings.viewers.auth != rules.settings.viewers.auth, rules.viewers != nil else { return [] }
        return ["who watches by HLS is asked with the next request, also those who watch already; who plays by RTMP stays"]
    }

    /// Reads keys until `finish`.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await order in orders {
                group.addTask {
                    switch order {
                    case .read(let ring): await ring.run()
                    case .close(let webhook):
                        // Who was asked before still gets his answer.
                        try? await Task.sleep(for: webhook.timeout + .seconds(1))
                        await webhook.close()
                    }
                }
            }
            group.cancelAll()
        }
        for webhook in state.withLock({ $0.rules.webhooks }) { await webhook.close() }
    }

    func finish() { order.finish() }
}

// MARK: Publishers and operators

extension Doors {
    var publisherWebhook: AuthWebhook? { state.withLock { $0.rules.publisherWebhook } }
    var publisherTokens: TokenVerifier? { state.withLock { $0.rules.publisherTokens } }
    var operatorTokens: TokenVerifier? { state.withLock { $0.rules.operatorTokens } }

    func opened(_ stream: StreamID, askedAs name: StreamID, by tokens: TokenVerifier?) {
        state.withLock { $0.entrances[name] = Entrance(stream: stream, tokens: tokens) }
    }

    func ended(_ stream: StreamID) { state.withLock { state in state.entrances = state.entrances.filter { $0.value.stream != stream } } }

    /// Those whose word is good for a stream that is live under that name: who is asked now, and who let it in. Empty where no token is
    /// needed.
    func confirming(_ name: StreamID) -> [TokenVerifier] {
        state.withLock { state in
            guard let now = state.rules.publisherTokens else { return [] }
            guard let entrance = state.entrances[name] else { return [now] }
            guard let then = entrance.tokens else { return [] }
            return then === now ? [now] : [now, then]
        }
    }
}

// MARK: Viewers

extension Doors: ViewerGate {
    private var viewers: (any ViewerGate)? { state.withLock { $0.rules.viewers } }

    var isOpen: Bool { viewers == nil }

    func known(_ request: ViewRequest) -> ViewVerdict? {
        guard let viewers else { return .allowed }
        return viewers.known(request)
    }

    func ask(_ request: ViewRequest) async -> ViewVerdict { await viewers?.ask(request) ?? .allowed }
}
