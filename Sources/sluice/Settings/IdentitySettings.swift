import SluiceIdentity
import SluiceNetwork

/// Whose signed tokens are taken (JWT, RFC 7519), and where they are asked for.
struct IdentitySettings: Hashable, Sendable {
    enum Publishers: String, CaseIterable { case none, token }

    /// Where the keys are.
    enum Source: Hashable, Sendable {
        case file(String)
        case address(WebAddress)
        /// A file whose content is the secret of HS256.
        case secret(String)
    }

    /// `nil`: no tokens.
    var source: Source?
    var policy: TokenPolicy
    var ring: KeyRing.Settings
    var publishers: Publishers

    /// ## Configuration keys
    /// - `jwt.keys` (path, or http or https URL, default none): a JWKS document with the public keys.
    /// - `jwt.secretFile` (path, default none; not beside `jwt.keys`): the secret of HS256, 32 bytes or more.
    /// - `jwt.audience` (text, required beside either): must be among a token's `aud`.
    /// - `jwt.issuer` (text, default none: any), `jwt.leewayMs` (int, default 30000, 0…600000).
    /// - `jwt.algorithms` (list, default all that go with the keys).
    /// - `jwt.refreshSeconds` (int, default 600, 10…86400), `jwt.pauseSeconds` (int, default 10, 1…3600): how often the keys are read
    ///   again, and how often at most when tokens name unknown ones.
    /// - `publishers.auth` (none | token, default none).
    init(_ reader: inout SettingsReader) throws {
        let keys = reader.text("jwt.keys")
        let secret = reader.text("jwt.secretFile")
        let audience = reader.text("jwt.audience")
        let issuer = reader.text("jwt.issuer")
        let leeway = try reader.milliseconds("jwt.leewayMs", default: 30_000, in: 0...600_000)
        let algorithms = reader.list("jwt.algorithms") ?? []
        ring = KeyRing.Settings()
        ring.refresh = .seconds(try reader.int("jwt.refreshSeconds", default: 600, in: 10...86_400))
        ring.pause = .seconds(try reader.int("jwt.pauseSeconds", default: 10, in: 1...3600))
        publishers = try reader.choice("publishers.auth", default: .none)
        policy = TokenPolicy(audience: audience ?? "", issuer: issuer, leeway: leeway.components.seconds)
        if let wrong = algorithms.first(where: { !TokenPolicy.known.contains($0) }) {
            throw SettingsError(
                key: "jwt.algorithms", value: wrong, source: reader.source(of: "jwt.algorithms"),
                wish: "of \(TokenPolicy.known.joined(separator: ", ")) are right")
        }
        if !algorithms.isEmpty { policy.algorithms = algorithms }
        switch (keys, secret) {
        case (nil, nil): source = nil
        case (let keys?, nil):
            if keys.contains("://") {
                do { source = .address(try WebAddress(keys)) } catch {
                    throw SettingsError(
                        key: "jwt.keys", value: keys, source: reader.source(of: "jwt.keys"),
                        wish: "a path, or a URL like https://login.example.com/.well-known/jwks.json, is right")
                }
            } else {
                source = .file(keys)
            }
        case (nil, let secret?): source = .secret(secret)
        case (_?, let secret?):
            throw SettingsError(
                key: "jwt.secretFile", value: secret, source: reader.source(of: "jwt.secretFile"),
                wish: "jwt.keys is there too; one of them is right")
        }
        if source != nil, audience == nil {
            throw SettingsError(
                key: "jwt.audience", value: "", source: reader.source(of: "jwt.audience"),
                wish: "tokens must say whom they are for: a name for this gateway is right, e.g. sluice")
        }
        try require(&reader, "publishers.auth", publishers == .token)
    }

    /// - Throws: where tokens are asked for that nothing could check.
    func require(_ reader: inout SettingsReader, _ key: String, _ isAsked: Bool) throws {
        guard isAsked, source == nil else { return }
        throw SettingsError(
            key: key, value: reader.text(key, default: ""), source: reader.source(of: key),
            wish: "there is nothing to check tokens by: jwt.keys or jwt.secretFile, with jwt.audience, is right beside it")
    }
}
