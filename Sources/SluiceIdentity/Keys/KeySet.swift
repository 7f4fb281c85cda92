package import Foundation
import JWTKit

/// Keys that tokens are checked by: those of a JWKS document (RFC 7517), or one secret.
package struct KeySet: Sendable {
    /// A provider has two or three. Each one of the right kind is tried for a token that names none.
    package static let most = 64
    /// RFC 7518 §3.2 wants a secret no shorter than the hash.
    package static let shortestSecret = 32

    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    private struct Key: Sendable {
        /// `nil` for a secret, which is tried whatever a token calls its own.
        var name: String?
        /// By the name of the algorithm. A key never serves an algorithm of another kind: a public key is no HMAC secret.
        var algorithms: [String: any JWTAlgorithm]
    }

    private var keys: [Key] = []
    /// Keys of the document that are of no use here, in words.
    package private(set) var leftOut: [String] = []

    package var isEmpty: Bool { keys.isEmpty }
    package var count: Int { keys.count }

    package static let none = KeySet()

    private init() {}

    package init(secret: [UInt8]) async throws(Fault) {
        guard secret.count >= Self.shortestSecret else {
            throw Fault(
                description:
                    "the secret has \(secret.count) bytes; \(Self.shortestSecret) or more are right, as `openssl rand -hex 32` makes them")
        }
        var algorithms: [String: any JWTAlgorithm] = [:]
        // Of those whose hash is no longer than the secret, below which the library ends the process.
        for (name, digest, size) in [("HS256", DigestAlgorithm.sha256, 32), ("HS384", .sha384, 48), ("HS512", .sha512, 64)]
        where secret.count >= size {
            let collection = JWTKeyCollection()
            await collection.add(hmac: HMACKey(from: secret), digestAlgorithm: digest)
            algorithms[name] = try? await collection.getKey()
        }
        keys = [Key(name: nil, algorithms: algorithms)]
    }

    /// - Throws: for a document without any key that is of use.
    package init(document: Data) async throws(Fault) {
        guard let object = try? JSONSerialization.jsonObject(with: document) as? [String: Any], let list = object["keys"] as? [Any] else {
            throw Fault(description: #"it is no JWKS; {"keys": [{"kty": …, "kid": …}]} is right"#)
        }
        guard list.count <= Self.most else { throw Fault(description: "it has \(list.count) keys; at most \(Self.most) are right") }
        for (place, entry) in list.enumerated() {
            do { keys.append(try await Self.key(entry)) } catch { leftOut.append("key \(place): \(error)") }
        }
        guard !keys.isEmpty else {
            throw Fault(description: "it has no key that is of use here\(leftOut.isEmpty ? "" : ": \(leftOut.joined(separator: "; "))")")
        }
    }

    /// Whether one of those signed, that may have by this algorithm under this name; a token that names no key is tried with each.
    ///
    /// - Returns: `nil` where there is none that may have.
    func haveSigned(_ signed: [UInt8], _ signature: Data, by algorithm: String, of name: String?) -> Bool? {
        let candidates = keys.filter { $0.name == nil || name == nil || $0.name == name }.compactMap { $0.algorithms[algorithm] }
        guard !candidates.isEmpty else { return nil }
        // What a library cannot make anything of was not signed by this key.
        return candidates.contains { (try? $0.verify(signature, signs: signed)) == true }
    }

    private static func key(_ entry: Any) async throws(Fault) -> Key {
        guard let object = entry as? [String: Any] else { throw Fault(description: "it is no object") }
        if let use = object["use"] as? String, use != "sig" { throw Fault(description: "it is for '\(use)', not for signatures") }
        let kinds: [String]
        switch object["kty"] as? String {
        case "RSA": kinds = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
        case "EC":
            switch object["crv"] as? String {
            case "P-256": kinds = ["ES256"]
            case "P-384": kinds = ["ES384"]
            case "P-521": kinds = ["ES512"]
            default: throw Fault(description: "its curve is none of P-256, P-384, P-521")
            }
        case "OKP": kinds = ["EdDSA"]
        case let other: throw Fault(description: "kty '\(other ?? "")' is not RSA, EC or OKP")
        }
        // A private key has no place in a list that goes round, and RFC 7517 §4.4 lets alg be left out.
        guard object["d"] == nil else { throw Fault(description: "it is a private key") }
        let told = object["alg"] as? String
        let name = object["kid"] as? String
        var plain = object
        plain["kid"] = name ?? "unnamed"
        var algorithms: [String: any JWTAlgorithm] = [:]
        var problem = "its alg '\(told ?? "")' does not go with its kty"
        for kind in kinds where told == nil || told == kind {
            plain["alg"] = kind
            do {
                let jwk = try JSONDecoder().decode(JWK.self, from: JSONSerialization.data(withJSONObject: plain))
                let collection = JWTKeyCollection()
                try await collection.add(jwk: jwk)
                algorithms[kind] = try await collection.getKey()
            } catch { problem = "\(error)" }
        }
        guard !algorithms.isEmpty else { throw Fault(description: problem) }
        return Key(name: name, algorithms: algorithms)
    }
}
