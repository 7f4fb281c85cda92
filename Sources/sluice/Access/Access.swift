import HTTPTypes
import SluiceIdentity
import SluiceNetwork
import SluiceWire
import Synchronization

/// Decides who a request at the admin port is from, and what that one may do.
///
/// Without tokens everybody may everything; the port is then bound to loopback (`AdminSettings`), and what a browser sends for another
/// site than our own is refused, so that no page of the web steers a gateway.
final class Access: Sendable {
    /// Who asks.
    struct Visitor: Hashable, Sendable {
        var name: String
        var role: AccessRole
    }

    /// A page cannot add a header to what a `video` element loads, so the console keeps its token in a cookie.
    static let cookie = "sluice_token"

    private struct Holder: Sendable {
        var visitor: Visitor
        /// Compared in place of the token, so that neither its length nor its beginning shows in the time that takes.
        var digest: [UInt8]
    }

    private let key: [UInt8]
    private let holders: Mutex<[Holder]>
    /// Tokens that others signed, where the settings take them here now.
    private let signing: @Sendable () -> TokenVerifier?
    private var signed: TokenVerifier? { signing() }

    /// Everybody may everything.
    static let open = Access(key: [], holders: [])

    init(_ tokens: [AccessTokenSettings], signed: @escaping @Sendable () -> TokenVerifier? = { nil }) throws {
        key = try Secrets.random(32)
        holders = Mutex([])
        signing = signed
        renew(tokens)
    }

    private init(key: [UInt8], holders: [Holder]) {
        self.key = key
        self.holders = Mutex(holders)
        signing = { nil }
    }

    /// The next request meets these.
    func renew(_ tokens: [AccessTokenSettings]) {
        let fresh = tokens.compactMap { token in
            digest(token.token).map { Holder(visitor: Visitor(name: token.name, role: token.role), digest: $0) }
        }
        holders.withLock { $0 = fresh }
    }

    var asksForTokens: Bool { signed != nil || holders.withLock { !$0.isEmpty } }

    func visitor(_ head: HTTPRequest) async throws(APIProblem) -> Visitor {
        try refuseForeignPages(head)
        let holders = holders.withLock { $0 }
        guard asksForTokens else { return Visitor(name: "anybody on this machine", role: .admin) }
        guard let token = Self.token(head) else {
            throw APIProblem(
                .unauthorized, "no-token", "a token is needed here", at: "header Authorization",
                right: "Authorization: Bearer TOKEN, with a token of the setting admin.tokens")
        }
        let presented = digest(token) ?? []
        // All of them, whichever fits.
        var found: Visitor?
        for holder in holders where Secrets.areEqual(holder.digest, presented) { found = holder.visitor }
        if let found { return found }
        // A signed one has its two dots; no other one is called a bad one of those.
        guard let signed, token.count(where: { $0 == "." }) == 2 else {
            throw APIProblem(
                .unauthorized, "wrong-token", "nobody has this token", at: "header Authorization",
                right: "a token of the setting admin.tokens")
        }
        return try Self.visitor(await signed.verdict(on: token))
    }

    private static func visitor(_ verdict: TokenVerifier.Verdict) throws(APIProblem) -> Visitor {
        switch verdict {
        case .failure(let fault):
            throw APIProblem(
                .unauthorized, "wrong-token", fault.description, at: "header Authorization",
                right: "a token that is signed by a key of the setting jwt, for this audience, and not over")
        case .success(let claims):
            guard let role = claims.role.flatMap(AccessRole.init) else {
                throw APIProblem(
                    .forbidden, "role", "the token names no role", at: "its claim sluice.role",
                    right: AccessRole.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return Visitor(name: claims.subject ?? "a signed token", role: role)
        }
    }

    private func digest(_ token: String) -> [UInt8]? { Secrets.hmacSHA256(key: key, message: Array(token.utf8)) }

    private static func token(_ head: HTTPRequest) -> String? {
        if let field = head.headerFields[.authorization] {
            let parts = field.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
        }
        for pair in (head.headerFields[.cookie] ?? "").split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
            if parts.count == 2, parts[0] == cookie { return String(parts[1]) }
        }
        return nil
    }

    /// A page of another site is told by its browser. One whose name was made to point here is of our own site for the browser, but sends a
    /// host that is a name: without tokens, where the port is bound to loopback, only addresses and `localhost` are taken.
    private func refuseForeignPages(_ head: HTTPRequest) throws(APIProblem) {
        if let page = ForeignPage(asking: head) {
            throw APIProblem(
                .forbidden, "foreign-page", "\(page) may not steer this gateway", at: "header Origin or Sec-Fetch-Site",
                right: "the console of the gateway itself, by its address")
        }
        let host = head.authority ?? ""
        guard asksForTokens || Self.isAddress(host) else {
            throw APIProblem(
                .forbidden, "foreign-host", "nobody calls this port \(host.prefix(200))", at: "header Host",
                right: "127.0.0.1 or localhost, as the port asks for no tokens (admin.tokens)")
        }
    }

    private static func isAddress(_ authority: String) -> Bool {
        if authority.hasPrefix("[") { return true }
        let host = authority.split(separator: ":").first.map(String.init) ?? ""
        return host == "localhost" || host.allSatisfy { $0.isNumber || $0 == "." }
    }
}

extension Access.Visitor {
    func require(_ role: AccessRole, for what: String) throws(APIProblem) {
        guard self.role >= role else {
            throw APIProblem(
                .forbidden, "role", "the token of '\(name)' may \(self.role.rawValue), and \(what) needs \(role.rawValue)",
                at: "header Authorization", right: "a token with the role \(role.rawValue)")
        }
    }
}
