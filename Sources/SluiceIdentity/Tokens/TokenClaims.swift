import Foundation

/// What a token says of its holder, after its signature was found good.
///
/// What may be done stands under the claim `sluice`: `{"publish": ["cam-*"], "view": ["cam-1"], "tenant": "acme", "role": "operate"}`.
/// What is not there may not be done.
package struct TokenClaims: Hashable, Sendable {
    /// Who it was given to, for the log.
    package var subject: String?
    /// Unix seconds.
    package var expires: Int64
    package var publish: [StreamPattern]
    package var view: [StreamPattern]
    package var tenant: String?
    package var role: String?

    package func mayPublish(_ stream: String) -> Bool { publish.contains { $0.covers(stream) } }
    package func mayView(_ stream: String) -> Bool { view.contains { $0.covers(stream) } }

    /// - Parameter now: Unix seconds.
    init(_ object: [String: Any], _ policy: TokenPolicy, at now: Int64) throws(TokenFault) {
        let leeway = policy.leeway
        guard let expires = try Self.seconds(object, "exp") else { throw .neverExpires }
        guard expires + leeway > now else { throw .expired(seconds: now - expires) }
        if let begins = try Self.seconds(object, "nbf"), begins - leeway > now { throw .notYet(seconds: begins - now) }
        let audience = try Self.texts(object, "aud")
        guard !audience.isEmpty else { throw .noAudience(right: policy.audience) }
        guard audience.contains(policy.audience) else { throw .wrongAudience(audience, right: policy.audience) }
        if let issuer = policy.issuer {
            let told = object["iss"] as? String
            guard told == issuer else { throw .wrongIssuer(told, right: issuer) }
        }
        self.expires = expires
        subject = object["sub"] as? String
        let ours: [String: Any]
        switch object["sluice"] {
        case nil: ours = [:]
        case let some as [String: Any]: ours = some
        default: throw .malformed("its claim 'sluice' is no object")
        }
        publish = try Self.texts(ours, "publish").map(StreamPattern.init)
        view = try Self.texts(ours, "view").map(StreamPattern.init)
        tenant = try Self.text(ours, "tenant")
        role = try Self.text(ours, "role")
    }

    /// RFC 7519 §2: a number, also with a fraction. Beyond a few thousand years it is none of a clock.
    private static func seconds(_ object: [String: Any], _ name: String) throws(TokenFault) -> Int64? {
        guard let value = object[name], !(value is NSNull) else { return nil }
        guard let number = value as? NSNumber, !(value is String), number.doubleValue.isFinite, abs(number.doubleValue) < 1e12 else {
            throw .malformed("its claim '\(name)' is no number of seconds")
        }
        return Int64(number.doubleValue.rounded(.down))
    }

    private static func text(_ object: [String: Any], _ name: String) throws(TokenFault) -> String? {
        guard let value = object[name], !(value is NSNull) else { return nil }
        guard let text = value as? String else { throw .malformed("its claim '\(name)' is no text") }
        return text
    }

    /// One text, or a list of them.
    private static func texts(_ object: [String: Any], _ name: String) throws(TokenFault) -> [String] {
        switch object[name] {
        case nil, is NSNull: return []
        case let text as String: return [text]
        case let texts as [String]: return texts
        default: throw .malformed("its claim '\(name)' is neither a text nor a list of texts")
        }
    }
}
