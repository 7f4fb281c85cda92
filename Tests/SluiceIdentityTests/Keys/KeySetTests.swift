import Foundation
import JWTKit
import Testing

@testable import SluiceIdentity

@Suite struct KeySetTests {
    private static let reader = TokenReader(TokenPolicy(audience: "sluice"))

    private func check(_ key: [String: Any], _ add: (JWTKeyCollection) async throws -> Void) async throws {
        let collection = JWTKeyCollection()
        try await add(collection)
        let token = try await collection.sign(Signer.Payload(Signer.claims()), header: ["kid": "key"])
        var named = key
        named["kid"] = "key"
        let keys = try await KeySet(document: Signer.document([named]))
        #expect(throws: Never.self) { try Self.reader.claims(of: token, by: keys, at: Signer.now) }
        // Its name alone lets nobody in.
        let other = try await KeySet(document: Signer.document([Signer().jwk.merging(["kid": "key"]) { $1 }]))
        #expect(throws: TokenFault.self) { try Self.reader.claims(of: token, by: other, at: Signer.now) }
    }

    @Test func eachKindOfKeyWorks() async throws {
        let edwards = try EdDSA.PrivateKey()
        let x = Signer.base64URL(edwards.publicKey.rawRepresentation)
        try await check(["kty": "OKP", "crv": "Ed25519", "x": x]) { await $0.add(eddsa: edwards) }
        let large = ES384PrivateKey()
        let point = try #require(large.publicKey.parameters)
        try await check([
            "kty": "EC", "crv": "P-384", "x": Signer.base64URL(point.x), "y": Signer.base64URL(point.y), "alg": "ES384", "use": "sig",
        ]) { await $0.add(ecdsa: large) }
        let rsa = try Insecure.RSA.PrivateKey(pem: Self.rsaKey)
        let (modulus, exponent) = try rsa.publicKey.getKeyPrimitives()
        let numbers = ["kty": "RSA", "n": Signer.base64URL(modulus), "e": Signer.base64URL(exponent)]
        try await check(numbers) { await $0.add(rsa: rsa, digestAlgorithm: .sha256) }
        try await check(numbers) { await $0.add(rsa: rsa, digestAlgorithm: .sha512) }
        try await check(numbers) { await $0.add(pss: rsa, digestAlgorithm: .sha256) }
    }

    @Test func whatIsOfNoUseIsLeftOutAndSaid() async throws {
        let good = Signer().jwk
        let set = try await KeySet(
            document: Signer.document([
                good, good.merging(["use": "enc"]) { $1 }, ["kty": "oct", "k": "c2VjcmV0"], good.merging(["d": "AQ"]) { $1 },
                good.merging(["alg": "RS256"]) { $1 }, good.merging(["crv": "P-999"]) { $1 }, good.merging(["x": "AAAA"]) { $1 },
            ]))
        #expect(set.count == 1 && set.leftOut.count == 6, "\(set.leftOut)")
    }

    @Test(arguments: ["", "null", "[]", "{}", #"{"keys":7}"#, #"{"keys":[]}"#, #"{"keys":[7]}"#, "<html>"])
    func whatIsNoDocumentIsSaid(text: String) async {
        await #expect(throws: KeySet.Fault.self) { try await KeySet(document: Data(text.utf8)) }
    }

    @Test func aShortSecretIsNone() async {
        await #expect(throws: KeySet.Fault.self) { try await KeySet(secret: Array("secret".utf8)) }
    }

    @Test func tooManyKeysAreNone() async {
        let jwk = Signer().jwk
        await #expect(throws: KeySet.Fault.self) {
            try await KeySet(document: Signer.document(Array(repeating: jwk, count: KeySet.most + 1)))
        }
    }
}
