import SluiceIdentity
import SluiceNetwork
import SluiceTypes
import Synchronization

/// Lets viewers in by signed tokens.
struct TokenViewers: ViewerGate {
    let verifier: TokenVerifier

    func known(_ request: ViewRequest) -> ViewVerdict? {
        guard let token = request.token else { return Self.nothing }
        return verifier.known(token).map { Self.verdict($0, request) }
    }

    func ask(_ request: ViewRequest) async -> ViewVerdict {
        guard let token = request.token else { return Self.nothing }
        return Self.verdict(await verifier.verdict(on: token), request)
    }

    private static let nothing = ViewVerdict.unknown("a token is needed to see this: ?token=TOKEN, or Authorization: Bearer TOKEN")

    private static func verdict(_ verdict: TokenVerifier.Verdict, _ request: ViewRequest) -> ViewVerdict {
        switch verdict {
        case .failure(let fault): .unknown(fault.description)
        case .success(let claims):
            claims.mayView(request.stream.rawValue) ? .allowed : .denied("the token is not for viewing stream '\(request.stream)'")
        }
    }
}

/// Lets viewers in by the word of the operator's own server, which holds for a while.
final class WebhookViewers: ViewerGate {
    /// Viewers of a gateway with a token each; some hundred bytes apiece.
    private static let mostRemembered = 20_000
    /// Viewers who wait for a word at once, each with a call of its own.
    private static let mostAsking = 256
    /// Of what a viewer shows, as it is remembered: a signed token with all its claims is shorter.
    private static let longestToken = 4096

    private struct Key: Hashable {
        var stream: StreamID
        var token: String?
        /// Of those who show nothing.
        var address: String?
    }

    private struct Word {
        var verdict: ViewVerdict
        var until: ContinuousClock.Instant
    }

    private struct State {
        var words: [Key: Word] = [:]
        var asking = 0
    }

    private let webhook: AuthWebhook
    private let memory: Duration
    private let state = Mutex(State())

    init(_ webhook: AuthWebhook, memory: Duration) {
        self.webhook = webhook
        self.memory = memory
    }

    func known(_ request: ViewRequest) -> ViewVerdict? {
        let now = ContinuousClock.now
        return state.withLock { state in state.words[Self.key(request)].flatMap { $0.until > now ? $0.verdict : nil } }
    }

    func ask(_ request: ViewRequest) async -> ViewVerdict {
        guard (request.token?.utf8.count ?? 0) <= Self.longestToken else {
            return .denied("a token has \(Self.longestToken) bytes at most")
        }
        if let known = known(request) { return known }
        let mayAsk = state.withLock { state in
            guard state.asking < Self.mostAsking else { return false }
            state.asking += 1
            return true
        }
        guard mayAsk else { return .busy("too many viewers wait for the auth webhook; come again in a moment") }
        let verdict: ViewVerdict
        do {
            try await webhook.mayView(request)
            verdict = .allowed
        } catch { verdict = .denied("\(error)") }
        let now = ContinuousClock.now
        state.withLock { state in
            state.asking -= 1
            if state.words.count >= Self.mostRemembered {
                state.words = state.words.filter { $0.value.until > now }
                if state.words.count >= Self.mostRemembered { state.words = [:] }
            }
            // A no, which may be no more than a server that is down, is asked again sooner.
            state.words[Self.key(request)] = Word(verdict: verdict, until: now + (verdict == .allowed ? memory : min(memory, .seconds(2))))
        }
        return verdict
    }

    private static func key(_ request: ViewRequest) -> Key {
        Key(stream: request.stream, token: request.token, address: request.token == nil ? request.remoteAddress : nil)
    }
}
