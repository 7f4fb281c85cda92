import Foundation
import JWTKit

@testable import SluiceIdentity

/// Makes tokens and the keys to check them by.
struct Signer {
    struct Payload: JWTPayload {
        var claims: [String: Value]

        enum Value: Codable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
            ExpressibleByDictionaryLiteral
        {
            case text(String), number(Double), list([Value]), object([String: Value])

            init(stringLiteral value: String) { self = .text(value) }
            init(integerLiteral value: Int) { self = .number(Double(value)) }
            init(arrayLiteral elements: Value...) { self = .list(elements) }
            init(dictionaryLiteral elements: (String, Value)...) { self = .object(Dictionary(uniqueKeysWithValues: elements)) }

            init(from decoder: any Decoder) throws { self = .text("") }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .text(let value): try container.encode(value)
                case .number(let value): try container.encode(value)
                case .list(let value): try container.encode(value)
                case .object(let value): try container.encode(value)
                }
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(claims)
        }

        init(_ claims: [String: Value]) { self.claims = claims }
        init(from decoder: any Decoder) throws { claims = [:] }
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    static let now: Int64 = 1_800_000_000
    static let secret = "0123456789abcdef0123456789abcdef"

    let key = ES256PrivateKey()

    var jwk: [String: Any] {
        let point = key.publicKey.parameters
        return ["kty": "EC", "crv": "P-256", "kid": "one", "x": Self.base64URL(point?.x ?? ""), "y": Self.base64URL(point?.y ?? "")]
    }

    var keys: KeySet {
        get async throws { try await KeySet(document: Self.document([jwk])) }
    }

    static func document(_ keys: [[String: Any]]) throws -> Data { try JSONSerialization.data(withJSONObject: ["keys": keys]) }

    static func claims(_ more: [String: Payload.Value] = [:], without names: [String] = []) -> [String: Payload.Value] {
        var claims: [String: Payload.Value] = [
            "sub": "somebody", "aud": "sluice", "exp": 1_800_000_060,
            "sluice": ["publish": ["cam-*"], "view": "cam-1", "tenant": "acme", "role": "operate"],
        ]
        for (name, value) in more { claims[name] = value }
        for name in names { claims[name] = nil }
        return claims
    }

    func token(_ claims: [String: Payload.Value] = claims(), kid: String? = "one") async throws -> String {
        let collection = JWTKeyCollection()
        await collection.add(ecdsa: key)
        var header = JWTHeader()
        header.kid = kid
        return try await collection.sign(Payload(claims), header: header)
    }

    static func token(secret: String = secret, _ claims: [String: Payload.Value] = claims()) async throws -> String {
        let collection = JWTKeyCollection()
        await collection.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        return try await collection.sign(Payload(claims))
    }

    /// With a header of the test's own; the rest of a token as it is.
    static func token(_ token: String, header: String) -> String {
        ([base64URL(Data(header.utf8))] + token.split(separator: ".").dropFirst().map(String.init)).joined(separator: ".")
    }

    static func base64URL(_ data: Data) -> String {
        base64URL(data.base64EncodedString())
    }

    static func base64URL(_ base64: String) -> String {
        base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
