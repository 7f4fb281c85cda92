/// Which tokens are taken.
package struct TokenPolicy: Hashable, Sendable {
    /// Must be among a token's `aud`.
    package var audience: String
    /// `nil`: any.
    package var issuer: String?
    /// Seconds by which clocks may differ.
    package var leeway: Int64
    /// Names of RFC 7518 and RFC 8037. Never `none`.
    package var algorithms: [String]

    /// Those that are known at all.
    package static let known = [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]

    package init(audience: String, issuer: String? = nil, leeway: Int64 = 30, algorithms: [String] = known) {
        self.audience = audience
        self.issuer = issuer
        self.leeway = leeway
        self.algorithms = algorithms
    }
}
