import Foundation

/// Checks a token against keys: signature first, then what it says (RFC 7519 §7.2). Reads no clock.
package struct TokenReader: Sendable {
    /// Ours have a few hundred bytes; those of large firms with their groups a few thousand.
    package static let longest = 8192

    private let policy: TokenPolicy

    package init(_ policy: TokenPolicy) { self.policy = policy }

    /// - Parameter now: Unix seconds.
    package func claims(of token: String, by keys: KeySet, at now: Int64) throws(TokenFault) -> TokenClaims {
        guard token.utf8.count <= Self.longest else { throw .malformed("it has more than \(Self.longest) bytes") }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("three parts with dots between are right") }
        let header = try Self.object(parts[0], "header")
        guard let algorithm = header["alg"] as? String else { throw .malformed("its header names no alg") }
        guard algorithm.lowercased() != "none" else { throw .unsigned }
        guard policy.algorithms.contains(algorithm) else {
            throw .algorithm(algorithm, right: TokenPolicy.known.filter(policy.algorithms.contains))
        }
        // What must be understood (RFC 7515 §4.1.11) and is not here.
        guard header["crit"] == nil else { throw .malformed("its header has a crit that is not understood here") }
        let name = header["kid"] as? String
        guard !keys.isEmpty else { throw .noKeys }
        guard let signature = Self.bytes(parts[2]) else { throw .malformed("its signature is no base64url") }
        let signed = Array(token.utf8.prefix(parts[0].count + 1 + parts[1].count))
        guard let isGood = keys.haveSigned(signed, signature, by: algorithm, of: name) else { throw .unknownKey(name) }
        guard isGood else { throw .wrongKey }
        return try TokenClaims(try Self.object(parts[1], "payload"), policy, at: now)
    }

    private static func object(_ part: Substring.UTF8View, _ what: String) throws(TokenFault) -> [String: Any] {
        guard let bytes = bytes(part), let object = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any] else {
            throw .malformed("its \(what) is no JSON object in base64url")
        }
        return object
    }

    /// RFC 7515 §2: without padding.
    private static func bytes(_ part: Substring.UTF8View) -> Data? {
        var text = String(Substring(part))
        guard !text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "=") }) else {
            return nil
        }
        text = text.replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text)
    }
}
